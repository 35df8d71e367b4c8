"""Reporters: each module turns a `Report` into one text. None of them prints or opens anything."""
