"""Pure readers of what crossed the wire: content codings, credentials, recordings."""
