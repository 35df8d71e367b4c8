"""A starter whose file says that it is for the developer."""

from shop import app

app.run(debug=True)
