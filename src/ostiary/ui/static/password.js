// Ticks off what a new password must hold while it is typed. The server judges; without this the list is just read.
const RULES = {
  length: (text, least) => [...text].length >= least,
  upper: (text) => /[A-Z]/.test(text),
  lower: (text) => /[a-z]/.test(text),
  digit: (text) => /[0-9]/.test(text),
  symbol: (text) => /[^A-Za-z0-9]/.test(text),
};

const field = document.getElementById("password");
const again = document.getElementById("again");
const rules = document.querySelectorAll("[data-rule]");

function judge() {
  for (const rule of rules) {
    const isMet = RULES[rule.dataset.rule](field.value, Number(rule.dataset.least));
    rule.classList.toggle("met", isMet);
  }
  again?.classList.toggle("met", again.value !== "" && again.value === field.value);
}

field?.addEventListener("input", judge);
again?.addEventListener("input", judge);
