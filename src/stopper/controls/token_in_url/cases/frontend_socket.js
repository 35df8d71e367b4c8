const token = localStorage.getItem("access_token");
const MAP = `https://tiles.test/v1/{z}/{x}/{y}?access_token=${mapToken}`;

function open(id) {
  fetch(`/api/orders?access_token=${token}`); // bad
  fetch("/api/orders?id=" + id + "&auth_token=" + session.token); // bad
  new WebSocket(`${BASE}/live?token=${token}`); // bad
  window.open("/export?api_key=" + user.apiKey); // bad
  image.src = "/avatar?token=" + data.accessToken; // bad
  fetch(`/api/tasks?token=${encodeURIComponent(localStorage.getItem("token"))}`); // bad
  fetch(`/visits/cancel?token=${visit.cancelToken}`);
  fetch(`/api/orders?access_token_id=${id}`);
  fetch(`/api/next?page_token=${page}`);
  fetch(`/api/next?token=${page.next}`);
  fetch(`/reset-password?token=${token}`);
  fetch(`/email/verify?token=${token}`);
  fetch("https://maps.test/api/js?token=" + token);
  fetch("/api/orders", { headers: { Authorization: `Bearer ${token}` } });
  // fetch(`/api/orders?access_token=${token}`);
}
