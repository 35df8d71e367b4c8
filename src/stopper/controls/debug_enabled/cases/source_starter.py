from shop import create_app

create_app().run(debug=True)  # bad
