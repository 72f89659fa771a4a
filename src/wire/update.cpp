#include "wire/update.h"

#include <algorithm>

#include "wire/logged.h"

namespace muster::wire {
namespace {

constexpr std::size_t signatures_max = 16;
constexpr std::int64_t sequence_limit = static_cast<std::int64_t>(sequence_max);

bool has_fraction(const Json& v) {
  auto in_member = [](const Json::Member& m) { return has_fraction(m.second); };
  if (auto* items = v.items()) return std::any_of(items->begin(), items->end(), has_fraction);
  if (auto* all = v.members()) return std::any_of(all->begin(), all->end(), in_member);
  return v.number() && !v.integer();
}

std::string sha256(ObjectReader& in, std::string_view key) {
  std::string text = in.text(key, 64);
  if (!is_sha256_hex(text)) in.refuse(key, "must be a SHA-256 in 64 lower-case hex digits");
  return text;
}

std::uint64_t sequence(ObjectReader& in, std::string_view key, std::int64_t min) {
  return static_cast<std::uint64_t>(in.integer(key, min, sequence_limit));
}

// "_type" and "spec" stand at the head of whatever is signed.
void expect_kind(ObjectReader& in, std::string_view type) {
  if (in.text("_type", 64) != type) in.refuse("_type", "must be " + std::string(type));
  if (in.integer("spec", 1, sequence_limit) != 1)
    in.refuse("spec", "is newer than this program, which knows 1; update it");
}

Result<Signature> read_signature(const Json& item, std::string pointer) {
  ObjectReader in(item, std::move(pointer));
  Signature s{.keyid = sha256(in, "keyid"), .signature = {}};
  auto bytes = from_base64(in.text("sig", 1400));
  if (!bytes || bytes->empty())
    in.refuse("sig", "must be a signature in base64");
  else
    s.signature = std::move(*bytes);
  TRY_VOID(in.done());
  return s;
}

Result<Envelope> read_envelope(const Json& json, std::string pointer) {
  ObjectReader in(json, std::move(pointer));
  Envelope out{.content = in.any("signed"), .signed_bytes = {}, .signatures = {}};
  const Json::Array& signatures = in.array("signatures", signatures_max);
  if (!out.content.members()) in.refuse("signed", "must be an object");
  if (has_fraction(out.content))
    in.refuse("signed", "holds a fraction; what is signed has whole numbers only");
  TRY_VOID(in.done());
  for (std::size_t i = 0; i < signatures.size(); ++i) {
    auto where = json_pointer(in.pointer("signatures"), i);
    TRY(auto one, read_signature(signatures[i], where));
    auto same = [&](const Signature& s) { return s.keyid == one.keyid; };
    if (std::any_of(out.signatures.begin(), out.signatures.end(), same))
      return fail(Fault::invalid, "is the second signature of this key", where + "/keyid");
    out.signatures.push_back(std::move(one));
  }
  out.signed_bytes = canonical(out.content);
  return out;
}

// A path of our own making: no scheme, no host, no dot segments, nothing to escape.
bool is_path(std::string_view p) {
  auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-._~/:").find(c) != std::string_view::npos;
  };
  return p.starts_with('/') && std::all_of(p.begin(), p.end(), plain) &&
         p.find("//") == std::string_view::npos && p.find("/.") == std::string_view::npos;
}

std::string envelope_member(ObjectReader& in, std::string_view key) {
  const Json& json = in.any(key);
  auto envelope = read_envelope(json, in.pointer(key));
  if (!envelope) in.refuse(key, "is no envelope: " + envelope.error().message);
  return to_text(json);
}

}  // namespace

bool is_sha256_hex(std::string_view s) {
  auto hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return s.size() == 64 && std::all_of(s.begin(), s.end(), hex);
}

Result<Envelope> parse_envelope(std::string_view text) {
  TRY(Json json, parse_json(text, {.bytes = envelope_max, .depth = 16}));
  return read_envelope(json, "");
}

std::string envelope_text(const Json& content, const std::vector<Signature>& signatures) {
  Json list = Json::array();
  for (const Signature& s : signatures)
    list.push(Json::object({{"keyid", s.keyid}, {"sig", to_base64(s.signature)}}));
  return canonical(Json::object({{"signed", content}, {"signatures", std::move(list)}}));
}

Json to_json(const ReleaseMetadata& r) {
  Json json = Json::object({{"_type", "muster-release"},
                            {"spec", 1},
                            {"model", r.model.text()},
                            {"version", r.version},
                            {"sequence", r.sequence},
                            {"floor", r.floor},
                            {"artifact_sha256", r.artifact_sha256},
                            {"artifact_size", r.artifact_size},
                            {"published", rfc3339(r.published)}});
  if (!r.floor_reason.empty()) json.set("floor_reason", r.floor_reason);
  return json;
}

Json to_json(const Assignment& a) {
  return Json::object({{"_type", "muster-assignment"},
                       {"spec", 1},
                       {"device", a.device.text()},
                       {"number", a.number},
                       {"release_id", a.release_id},
                       {"back", a.back},
                       {"issued", rfc3339(a.issued)}});
}

Result<ReleaseMetadata> read_release(const Json& content) {
  ObjectReader in(content);
  expect_kind(in, "muster-release");
  ReleaseMetadata r;
  r.model = in.name<ModelTag>("model");
  r.version = in.text("version", 32);
  if (!is_version(r.version))
    in.refuse("version",
              "must be 1 to 3 numbers and perhaps a suffix, such as 1.4.2 or 2.0.0-rc.1");
  r.sequence = sequence(in, "sequence", 1);
  r.floor = sequence(in, "floor", 0);
  if (r.floor > r.sequence) in.refuse("floor", "must not be above the sequence");
  r.floor_reason = in.text_or("floor_reason", "", floor_reason_max);
  if (r.floor == 0 && !r.floor_reason.empty())
    in.refuse("floor_reason", "is for a floor, and there is none");
  if (std::ranges::any_of(r.floor_reason, [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    in.refuse("floor_reason", "must be one line without control characters");
  r.artifact_sha256 = sha256(in, "artifact_sha256");
  r.artifact_size = sequence(in, "artifact_size", 1);
  r.published = in.time("published");
  TRY_VOID(in.done());
  return r;
}

Result<Assignment> read_assignment(const Json& content) {
  ObjectReader in(content);
  expect_kind(in, "muster-assignment");
  Assignment a;
  a.device = in.name<DeviceTag>("device");
  a.number = sequence(in, "number", 1);
  a.release_id = sha256(in, "release_id");
  a.back = in.boolean("back");
  a.issued = in.time("issued");
  TRY_VOID(in.done());
  return a;
}

std::string no_offer() {
  return "{}";
}

// The envelopes go in as they are: they are JSON already, and their signatures are over their text.
std::string offer_text(std::string_view release, std::string_view assignment, std::string_view path,
                       std::string_view logged) {
  std::string text;
  text.reserve(release.size() + assignment.size() + path.size() + logged.size() + 80);
  text.append("{\"release\":").append(release);
  text.append(",\"assignment\":").append(assignment);
  text.append(",\"path\":").append(to_text(Json(std::string(path))));
  if (!logged.empty()) text.append(",\"logged\":").append(logged);
  return text.append("}");
}

std::string to_text(const Offer& o) {
  return offer_text(o.release, o.assignment, o.path, o.logged);
}

Result<std::optional<Offer>> parse_offer(std::string_view text) {
  TRY(Json json, parse_json(text, {.bytes = 2 * envelope_max + 2 * logged_max, .depth = 17}));
  if (json.members() && json.members()->empty()) return std::nullopt;
  ObjectReader in(json);
  Offer o;
  o.release = envelope_member(in, "release");
  o.assignment = envelope_member(in, "assignment");
  o.path = in.text("path", 256);
  if (!is_path(o.path)) in.refuse("path", "must be a plain path that begins with /");
  if (const Json* logged = in.maybe("logged")) o.logged = to_text(*logged);
  TRY_VOID(in.done());
  if (!o.logged.empty()) TRY_VOID(parse_logged(o.logged));
  return o;
}

const char* name_of(UpdateOutcome o) {
  switch (o) {
    case UpdateOutcome::installed:
      return "installed";
    case UpdateOutcome::failed:
      return "failed";
    case UpdateOutcome::reverted:
      return "reverted";
  }
  return "failed";
}

std::string to_text(const UpdateReport& r) {
  Json json = Json::object({{"release_id", r.release_id}, {"outcome", name_of(r.outcome)}});
  if (!r.detail.empty()) json.set("detail", r.detail);
  return to_text(json);
}

Result<UpdateReport> parse_update_report(std::string_view text) {
  TRY(Json json, parse_json(text, {.bytes = 8192, .depth = 2}));
  ObjectReader in(json);
  UpdateReport r;
  r.release_id = sha256(in, "release_id");
  std::string outcome = in.text("outcome", 16);
  bool known = false;
  for (auto o : {UpdateOutcome::installed, UpdateOutcome::failed, UpdateOutcome::reverted})
    if (outcome == name_of(o)) {
      r.outcome = o;
      known = true;
    }
  if (!known) in.refuse("outcome", "must be installed, failed or reverted");
  r.detail = in.text_or("detail", "", 1024);
  TRY_VOID(in.done());
  return r;
}

std::string to_text(const ReportedState& s) {
  Json json = Json::object({{"firmware", s.firmware}, {"sequence", s.sequence}});
  if (s.release_id) json.set("release_id", *s.release_id);
  if (!s.config.is_null()) json.set("config", s.config);
  if (!s.anchors.empty()) {
    Json anchors = Json::array();
    for (const auto& anchor : s.anchors) anchors.push(anchor);
    json.set("anchors", std::move(anchors));
  }
  if (!s.key_store.empty()) json.set("key_store", s.key_store);
  return to_text(json);
}

constexpr std::size_t anchors_max = 8;

Result<ReportedState> parse_reported_state(std::string_view text) {
  TRY(Json json, parse_json(text, {.bytes = 64 * 1024, .depth = 16}));
  ObjectReader in(json);
  ReportedState s;
  s.firmware = in.text("firmware", 64);
  if (s.firmware.empty()) in.refuse("firmware", "must not be empty");
  s.sequence = static_cast<std::uint64_t>(in.integer_or("sequence", 0, 0, sequence_limit));
  if (in.maybe("release_id")) s.release_id = sha256(in, "release_id");
  if (const Json* config = in.maybe("config")) {
    if (!config->members()) in.refuse("config", "must be an object");
    s.config = *config;
  }
  s.anchors = in.texts_or("anchors", {}, anchors_max, 64);
  for (const auto& anchor : s.anchors)
    if (!is_sha256_hex(anchor)) in.refuse("anchors", "must be SHA-256 digests in hexadecimal");
  if (in.maybe("key_store")) {
    s.key_store = in.text("key_store", 16);
    if (s.key_store != "file" && s.key_store != "tpm" && s.key_store != "pkcs11")
      in.refuse("key_store", "must be file, tpm or pkcs11");
  }
  TRY_VOID(in.done());
  return s;
}

}  // namespace muster::wire
