// One creative before and while it is shown: what it is, whether it was reviewed, and its markup as the fleet would serve it to a few kinds of
// screens. Nothing of another origin is loaded: addresses are shown as text, and media open in a tab of their own when somebody asks for it.
import { get } from "./api.js";
import { h, table } from "./dom.js";
import { bytes, count } from "./format.js";

export const title = ([id]) => `Creative ${id}`;
export const topics = ["catalog"];

export const load = ([id]) => get(`catalog/preview?creative=${encodeURIComponent(id)}`);

export function view({ creative, screens, notices }) {
  const audit = creative.audit ?? "pending";
  const format = creative.format ?? "video";
  return [
    h("p", { class: "crumbs" }, h("a", { href: "#/campaigns" }, "Campaigns")),
    h("h1", null, creative.name, h("small", null, creative.id)),
    audit !== "approved" && h("p", { class: "notice bad" }, audit === "rejected" ? "Its review has rejected it: it is never shown." : "It was not reviewed yet: it is never shown before it is approved. What follows is what would be shown."),
    h("dl", { class: "facts" },
      fact("Review", h("span", { class: `badge ${audit === "approved" ? "good" : audit === "rejected" ? "bad" : "warn"}` }, audit)),
      fact("Format", format), fact("Length", creative.durationMilliseconds ? `${creative.durationMilliseconds / 1000} s` : "–"),
      fact("Advertiser", creative.advertiser), fact("Language", creative.language ?? "–"),
      fact("Categories", (creative.categories ?? []).join(", ") || "–"),
      fact("Attributes", (creative.attributes ?? []).map((one) => attributes[one] ? `${one}: ${attributes[one]}` : `${one}`).join(", ") || "–"),
      fact("Apps", (creative.bundles ?? []).join(", ") || "–"),
      fact("Identity", creative.universalID ? `${creative.universalID.value} (${creative.universalID.registry})` : "–")),
    h("h2", null, "Media"),
    creative.vastTag ? h("p", null, "Another server has the ad: ", outside(creative.vastTag))
      : table("Media", [
        { label: "File", kind: "prose", of: (one) => outside(one.url) },
        { label: "Type", of: (one) => [one.mime, one.codec && h("small", null, one.codec)] },
        { label: "Size", number: true, of: (one) => (one.width ? `${one.width} × ${one.height}` : "–") },
        { label: "Bits a second", number: true, of: (one) => (one.bitrateKilobits ? `${count(one.bitrateKilobits)} k` : one.delivery === "streaming" ? "as it comes" : "–") },
        { label: "Bytes", number: true, of: (one) => (one.sizeBytes ? bytes(one.sizeBytes) : "–") },
        ...screens.map((screen) => ({ label: screen.screen, of: (one) => fit(one, screen) })),
      ], creative.mediaFiles ?? [], { key: (one) => one.url }),
    h("p", { class: "muted" }, "Files open in a tab of their own, which is not told where it was opened from; this page loads none of them."),
    (creative.clickThrough || creative.trackers?.length > 0 || creative.adVerifications?.length > 0) && [h("h2", null, "Addresses of others"), table("Addresses", [
      { label: "When", of: ([when]) => when }, { label: "Address", kind: "prose", of: ([, url]) => h("code", null, url) },
    ], [...(creative.clickThrough ? [["it is clicked", creative.clickThrough]] : []), ...(creative.trackers ?? []).map((one) => [one.event, one.url]), ...(creative.adVerifications ?? []).map((one) => [`${one.vendor} measures`, one.javaScript])], { key: ([when, url]) => `${when} ${url}` })],
    h("h2", null, "As it is served"),
    h("p", { class: "muted" }, `To three kinds of screens, by the same rules as on a node. Addresses of ${notices} stand for a node's notices: they are signed with a key that nobody has, so they count nowhere. Nothing in it is fetched.`),
    screens.map((screen, index) => h("details", { open: index === 0, "data-key": screen.screen },
      h("summary", null, screen.screen, screen.why && ` – not served: ${screen.why}`),
      screen.markup && h("pre", null, format === "banner" ? screen.markup : spread(screen.markup)))),
  ];
}

const outside = (url) => h("a", { href: /^https?:\/\//.test(url) ? url : null, rel: "noreferrer noopener", target: "_blank" }, url);

/** Whether the file is among those that such a screen is given. */
function fit(file, screen) {
  if (!screen.markup) return h("span", { class: "badge" }, "not served");
  const is = screen.markup.includes(file.url) || screen.markup.includes(file.url.replaceAll("&", "&amp;"));
  return h("span", { class: `badge ${is ? "good" : ""}` }, is ? "given" : "left out");
}

/** Each element on a line of its own, as texts stay where they are. */
function spread(markup) {
  let depth = 0;
  return markup.replace(/></g, ">\n<").split("\n").map((line) => {
    if (/^<\//.test(line)) depth = Math.max(0, depth - 1);
    const shown = `${"  ".repeat(depth)}${line}`;
    if (/^<[^/!?]/.test(line) && !/\/>$/.test(line) && !/<\/[^>]+>$/.test(line)) depth += 1;
    return shown;
  }).join("\n");
}

/** OpenRTB's creative attributes that campaigns here meet most. */
const attributes = {
  1: "audio ad that plays by itself", 2: "audio ad that the user starts", 6: "video in a banner that plays by itself", 7: "video in a banner that the user starts",
  8: "pop", 9: "provocative or suggestive", 10: "shaky or flashing", 11: "survey", 12: "text only", 13: "interactive", 14: "dialog style",
  15: "audio on and off button", 16: "can be skipped", 17: "Flash",
};

const fact = (label, value) => h("div", null, h("dt", null, label), h("dd", null, value));
