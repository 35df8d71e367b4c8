from flask import Flask

app = Flask(__name__)

if __name__ == "__main__":
    print "starting"
    app.run(host="0.0.0.0", debug=True)  # bad
