// Values as people read them.

/** 754_000 -> "12:34"; with hours where there are some. `tenths` for places within a segment. */
export function clock(ms, tenths = false) {
  const whole = tenths ? Math.round(ms / 100) / 10 : Math.floor(ms / 1000);
  const seconds = Math.floor(whole);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const [hours, minutes, rest] = parts;
  const tail = tenths ? `.${Math.round((whole - seconds) * 10)}` : "";
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}${tail}` : `${minutes}:${two(rest)}${tail}`;
}

/** The same, to be heard: "12 minutes 34 seconds". */
export function spoken(ms) {
  const seconds = Math.floor(ms / 1000);
  const parts = [
    [Math.floor(seconds / 3600), "hour"],
    [Math.floor(seconds / 60) % 60, "minute"],
    [seconds % 60, "second"],
  ];
  const told = parts.filter(([count]) => count).map(([count, unit]) => `${count} ${unit}${count === 1 ? "" : "s"}`);
  return told.join(" ") || "0 seconds";
}

/** 2_390_659 -> "2.4 MB". */
export function bytes(count) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit ? value.toFixed(value < 10 ? 1 : 0) : value} ${units[unit]}`;
}

/** 0.614 -> "61 %". */
export function percent(share) {
  return `${Math.round((share ?? 0) * 100)} %`;
}

/** 1 -> "1 segment", 3 -> "3 segments". */
export function many(count, one, more = `${one}s`) {
  return `${count.toLocaleString("en")} ${count === 1 ? one : more}`;
}

/** When something was, as long ago as it is; the whole date in `title` of the element. */
export function ago(atMs, nowMs = Date.now()) {
  const seconds = Math.max(0, Math.round((nowMs - atMs) / 1000));
  if (seconds < 60) return "just now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return new Date(atMs).toLocaleDateString();
}

/** The whole date. */
export function date(atMs) {
  return new Date(atMs).toLocaleString();
}

/** "topic_change" -> "topic change". */
export function words(name) {
  return name.replaceAll("_", " ").replaceAll("-", " ");
}

/** A name for a file: what no file system dislikes. */
export function fileName(text) {
  const plain = text.normalize("NFKD").replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[-.]+|[-.]+$/g, "");
  return plain.slice(0, 60) || "video";
}
