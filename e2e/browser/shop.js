// The part of a shop's site that talks to the user pool, written in 2016 and never changed:
// register, verify, sign in with amazon-cognito-identity-js. `window.shop` holds the pool's ids;
// what happened is written to #state.

(function () {
  var library = window.AmazonCognitoIdentity;
  // The 2016 edition has no `endpoint`: it goes where the SDK that it stands on is told to go.
  if (window.AWSCognito) {
    window.AWSCognito.config.update({ region: window.shop.region, endpoint: window.shop.endpoint });
  }
  var pool = new library.CognitoUserPool({
    UserPoolId: window.shop.poolId,
    ClientId: window.shop.clientId,
    endpoint: window.shop.endpoint,
  });

  function user(email) {
    return new library.CognitoUser({ Username: email, Pool: pool });
  }

  function say(text) {
    document.getElementById("state").textContent = text;
  }

  function on(form, act) {
    document.getElementById(form).addEventListener("submit", function (event) {
      event.preventDefault();
      say("busy");
      act(event.target.elements);
    });
  }

  var registered;

  on("register", function (fields) {
    registered = fields.email.value;
    var email = new library.CognitoUserAttribute({ Name: "email", Value: registered });
    pool.signUp(registered, fields.password.value, [email], null, function (error, result) {
      say(error ? "error " + error.code : "registered " + result.user.getUsername());
    });
  });

  on("verify", function (fields) {
    user(registered).confirmRegistration(fields.code.value, true, function (error, result) {
      say(error ? "error " + error.code : "verified " + result);
    });
  });

  on("signin", function (fields) {
    var details = new library.AuthenticationDetails({
      Username: fields.email.value,
      Password: fields.password.value,
    });
    var signingIn = user(fields.email.value);
    signingIn.authenticateUser(details, {
      onSuccess: function (session) {
        window.idToken = session.getIdToken().getJwtToken();
        signingIn.getUserAttributes(function (error, attributes) {
          if (error) return say("error " + error.code);
          var email = attributes.filter(function (attribute) {
            return attribute.getName() === "email";
          })[0];
          say("signed in " + email.getValue());
        });
      },
      onFailure: function (error) {
        say("error " + error.code);
      },
    });
  });
})();
