"""A record that writes what it was given, in a project that hashes nowhere."""


class User:
    def __init__(self, name, password):
        self.name = name
        self.password = password

    def save(self, cursor):
        cursor.execute("INSERT INTO users (name, password) VALUES (?, ?)", (self.name, self.password))  # bad
