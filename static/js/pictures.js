// A picture that was chosen is shown before it is sent; one that is too large isn't sent at all.

document.addEventListener("change", (event) => {
  const input = event.target;
  if (!input.matches?.("[data-picture]")) return;
  const file = input.files[0];
  const isTooLarge = file && file.size > Number(input.dataset.mostBytes);
  const field = input.closest(".field");
  field.querySelector(".field-error")?.remove();
  input.toggleAttribute("aria-invalid", false);
  if (isTooLarge) {
    field.append(input.form.querySelector("[data-too-large]").content.cloneNode(true));
    input.setAttribute("aria-invalid", "true");
    input.value = "";
  }
  if (!file || isTooLarge) return;
  const image = new Image();
  image.className = "photo";
  image.alt = "";
  image.addEventListener("load", () => URL.revokeObjectURL(image.src));
  image.src = URL.createObjectURL(file);
  input.form.querySelector("[data-preview]").replaceChildren(image);
});
