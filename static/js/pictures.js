// A picture that was chosen is shown before it is sent; one that is too large isn't sent at all.

function tell(input, sentence) {
  const field = input.closest(".field");
  field.querySelector(".field-error")?.remove();
  input.removeAttribute("aria-invalid");
  if (!sentence) return;
  const line = document.createElement("p");
  line.className = "field-error";
  line.role = "alert";
  line.textContent = sentence;
  field.append(line);
  input.setAttribute("aria-invalid", "true");
}

document.addEventListener("change", (event) => {
  const input = event.target;
  if (!input.matches?.("[data-picture]")) return;
  const file = input.files[0];
  const isTooLarge = file && file.size > Number(input.dataset.mostBytes);
  tell(input, isTooLarge ? input.dataset.tooLarge : "");
  if (isTooLarge) input.value = "";
  if (!file || isTooLarge) return;
  const image = new Image();
  image.className = "picture";
  image.alt = "";
  image.addEventListener("load", () => URL.revokeObjectURL(image.src));
  image.src = URL.createObjectURL(file);
  input.form.querySelector("[data-preview]").replaceChildren(image);
});
