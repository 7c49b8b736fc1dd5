// The API reference's "Try it": sends the request as a program would, without cookies, and shows what comes back.

function addressOf(form) {
  let path = form.getAttribute("action");
  const query = new URLSearchParams();
  for (const input of form.querySelectorAll("[data-in]")) {
    if (input.dataset.in === "path") path = path.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else if (input.dataset.in === "query" && input.value) query.set(input.name, input.value);
  }
  return query.size ? `${path}?${query}` : path;
}

function headersOf(form) {
  const headers = new Headers();
  const token = document.getElementById("token").value.trim();
  if (token) headers.set("Authorization", `Bearer ${token}`);
  for (const input of form.querySelectorAll('[data-in="header"]')) if (input.value) headers.set(input.name, input.value);
  if (form.elements.body) headers.set("Content-Type", "application/json");
  return headers;
}

function readable(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function line(className, text) {
  const part = document.createElement(className ? "p" : "pre");
  part.className = className || "ref-code";
  part.textContent = text;
  return part;
}

document.addEventListener("submit", async (event) => {
  const form = event.target.closest?.("[data-try]");
  if (!form) return;
  event.preventDefault();
  const output = form.querySelector("output");
  output.hidden = false;
  output.replaceChildren(line("muted", output.dataset.wait));
  const began = performance.now();
  try {
    const answer = await fetch(addressOf(form), {
      method: form.dataset.try,
      headers: headersOf(form),
      body: form.elements.body?.value,
      credentials: "omit",
    });
    const text = readable(await answer.text());
    const took = Math.round(performance.now() - began);
    output.replaceChildren(line(answer.ok ? "ref-status" : "ref-status ref-status-error", `${answer.status} · ${took} ms`), line("", text));
  } catch {
    output.replaceChildren(line("ref-status ref-status-error", output.dataset.away));
  }
});
