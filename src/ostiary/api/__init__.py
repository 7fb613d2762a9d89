"""The wire: one module per ZITADEL service, and what carries their messages over REST, Connect and gRPC."""
