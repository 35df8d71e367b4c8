"""Recording traffic on its way: mitmproxy's add-on, and what is kept of the exchanges that it tells."""
