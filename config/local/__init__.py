"""The embedded installation behind `make up`: database, broker, sandbox and our own processes on one machine."""
