FLASK_APP=shop
FLASK_ENV=development # bad
FLASK_DEBUG=0 # ok
