"""One module a noun; thin: check who asks, call a service, shape the answer."""
