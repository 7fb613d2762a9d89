"""Login requests of every protocol: opened, finished with a session or an error."""
