// Passkeys and security keys. A form with data-key="get" or "create" is sent twice: first with begin=1, answered with the
// options for the browser, then with what the key said. All else on these pages works without this.

const can = window.PublicKeyCredential?.parseRequestOptionsFromJSON && window.isSecureContext;
let waiting = null; // what the browser offers beside the login name, until a button asks for a key

async function begin(form) {
  for (const copy of form.querySelectorAll("[data-copy]")) copy.value = document.getElementById(copy.dataset.copy).value;
  const body = new URLSearchParams(new FormData(form));
  body.set("begin", "1");
  const answer = await fetch(form.action, { method: "POST", body, headers: { accept: "application/json" } });
  if (!answer.headers.get("content-type")?.startsWith("application/json")) throw new Error("refused");
  return answer.json();
}

async function ask(form, mediation, signal) {
  const { options, fields, go } = await begin(form);
  if (go) return location.assign(go); // who they are must be proved anew first
  const publicKey = form.dataset.key === "create"
    ? PublicKeyCredential.parseCreationOptionsFromJSON(options.publicKey)
    : PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey);
  const credential = form.dataset.key === "create"
    ? await navigator.credentials.create({ publicKey, signal })
    : await navigator.credentials.get({ publicKey, mediation, signal });
  for (const [name, value] of Object.entries({ ...fields, credential: JSON.stringify(credential.toJSON()) })) {
    const field = Object.assign(document.createElement("input"), { type: "hidden", name, value });
    form.append(field);
  }
  HTMLFormElement.prototype.submit.call(form);
}

function tell(form, text) {
  const place = form.querySelector("[role=alert]");
  place.textContent = text;
  place.hidden = !text;
}

async function pressed(event) {
  event.preventDefault();
  const form = event.currentTarget;
  const button = form.querySelector("button");
  waiting?.abort();
  tell(form, "");
  button.disabled = true;
  try {
    await ask(form, "optional");
  } catch (error) {
    tell(form, error.name === "InvalidStateError" ? form.dataset.known ?? form.dataset.failed : form.dataset.failed);
    button.disabled = false;
    button.focus();
  }
}

async function offer(form) {
  if (!await PublicKeyCredential.isConditionalMediationAvailable?.()) return;
  waiting = new AbortController();
  try {
    await ask(form, "conditional", waiting.signal);
  } catch { /* nobody took it, or a button asked for a key */ }
}

if (can) {
  for (const note of document.querySelectorAll("[data-without-keys]")) note.hidden = true;
  for (const form of document.querySelectorAll("form[data-key]")) {
    form.hidden = false;
    form.addEventListener("submit", pressed);
    if ("autofill" in form.dataset) offer(form);
  }
  for (const part of document.querySelectorAll("[data-with-keys]")) part.hidden = false;
  // a page that the back button shows again has used its challenge up
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}
