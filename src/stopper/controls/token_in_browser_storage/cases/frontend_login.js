const TOKEN_KEY = "shop.auth";
const SESSION = "shop.session_token";

async function login(form) {
  const data = await post("/login", form);
  localStorage.setItem("access_token", data.access_token); // bad
  window.localStorage.setItem('jwt', data.token); // bad
  sessionStorage.setItem(SESSION, data.value); // bad
  localStorage.setItem(SESSION_TOKEN_KEY, data.value); // bad
  localStorage.token = data.token; // bad
  localStorage["refreshToken"] = data.refresh; // bad
  localStorage.setItem("user", JSON.stringify(data.idToken)); // bad
  localStorage.setItem(TOKEN_KEY, data.token); // bad
  sessionStorage.setItem("api_key", data.key); // bad
  localStorage.setItem("theme", data.theme); // ok
  localStorage.setItem("csrf_token", data.csrf); // ok
  localStorage.setItem("tokenExpiry", data.expires); // ok
  localStorage.setItem("tokenType", data.type); // ok
  localStorage.setItem("decodedToken", JSON.stringify(decodedToken)); // ok
  localStorage.setItem("token", JSON.stringify(`Bearer ${data.meta.value}`)); // bad
  localStorage.setItem("fcm_token", data.value); // ok
  localStorage.setItem("access_token", "");
  localStorage.setItem("access_token", null);
  localStorage.setItem("hasToken", "true");
  localStorage.removeItem("access_token");
  // localStorage.setItem("access_token", data.access_token);
  /* localStorage.setItem("access_token", data.access_token); */
  if (localStorage.token == data.token) return localStorage.getItem("access_token");
  const advice = "https://a.test // not a comment"; localStorage.jwt = data.jwt; // bad
  cookies.setItem("access_token", data.access_token);
}
