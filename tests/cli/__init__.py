"""The command line and the serving process, as a person or an init system meets them."""
