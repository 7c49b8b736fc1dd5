// A picture that is kept elsewhere and doesn't come makes room for the sign that stands instead of one.

function giveWay(image) {
  const instead = image.closest("li")?.querySelector("[data-instead]");
  if (!instead) return;
  image.parentElement.hidden = true;
  instead.hidden = false;
}

document.addEventListener(
  "error",
  (event) => {
    if (event.target.matches?.("img[data-elsewhere]")) giveWay(event.target);
  },
  true, // it doesn't bubble
);

// those that failed before this was here, or whose card an answer has drawn anew around them
function look() {
  for (const image of document.querySelectorAll("img[data-elsewhere]")) {
    if (image.complete && !image.naturalWidth) giveWay(image);
  }
}

look();
document.addEventListener("htmx:afterSettle", look);
