// A fresh token for a page that was open for too long (HX-Trigger: fresh-token), so that the next press works.
document.addEventListener("fresh-token", ({ detail: { token } }) => {
  document.querySelector("meta[name=csrf-token]").content = token;
  document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
  for (const field of document.querySelectorAll("input[name=csrf_token]")) field.value = token;
});
