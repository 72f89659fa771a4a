#include "wire/manifest.h"

#include <algorithm>
#include <unordered_map>

#include "wire/json.h"
#include "wire/update.h"
#include "wire/utf8.h"

namespace muster::wire {
namespace {

constexpr std::string_view format = "muster-manifest-1";
constexpr std::string_view header =
    "id,model,serial,groups,risk,token_sha256,idevid_sha256,ek_sha256";
constexpr std::size_t columns_least = 6;
constexpr std::size_t groups_max = 32;

// A row as text, whichever form it came in.
struct Row {
  std::size_t number;  // from 1
  std::string_view id, model, serial, risk, token_sha256, idevid_sha256, ek_sha256;
  std::vector<std::string> groups;
};

std::unexpected<Error> bad_row(std::size_t number, std::string_view field, std::string_view why) {
  return fail(Fault::invalid,
              "row " + std::to_string(number) + ": " + std::string(field) + " " + std::string(why),
              json_pointer(json_pointer("/devices", number - 1), field));
}

Result<std::vector<std::string>> check_groups(const Row& row) {
  std::vector<std::string> groups = row.groups;
  if (groups.size() > groups_max) return bad_row(row.number, "groups", "are more than 32");
  for (const std::string& g : groups)
    if (!is_name(g)) return bad_row(row.number, "groups", "hold what is not a name");
  std::sort(groups.begin(), groups.end());
  if (std::adjacent_find(groups.begin(), groups.end()) != groups.end())
    return bad_row(row.number, "groups", "hold a name twice");
  return groups;
}

Result<void> check_serial(const Row& row) {
  auto odd = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == ',' || c == '"';
  };
  if (row.serial.size() > 128) return bad_row(row.number, "serial", "is over 128 bytes");
  if (!is_utf8(row.serial)) return bad_row(row.number, "serial", "is not UTF-8");
  if (std::any_of(row.serial.begin(), row.serial.end(), odd))
    return bad_row(row.number, "serial", "holds a comma, a quote or a control character");
  return {};
}

Result<std::optional<Bytes>> read_digest(const Row& row, std::string_view hex, const char* field) {
  if (hex.empty()) return std::nullopt;
  if (!is_sha256_hex(hex))
    return bad_row(row.number, field, "must be a SHA-256 in 64 lower-case hex digits");
  TRY(auto digest, from_hex(hex));
  return digest;
}

Result<ManifestDevice> read_row(const Row& row) {
  ManifestDevice d;
  auto id = DeviceId::parse(row.id);
  if (!id) return bad_row(row.number, "id", id.error().message);
  auto model = ModelId::parse(row.model);
  if (!model) return bad_row(row.number, "model", model.error().message);
  d.id = std::move(*id);
  d.model = std::move(*model);
  TRY_VOID(check_serial(row));
  d.serial = row.serial;
  TRY(d.groups, check_groups(row));
  static constexpr std::string_view risks[] = {"", "low", "moderate", "high", "critical"};
  if (std::find(std::begin(risks), std::end(risks), row.risk) == std::end(risks))
    return bad_row(row.number, "risk", "must be low, moderate, high or critical");
  d.risk = row.risk;
  TRY(d.token_sha256, read_digest(row, row.token_sha256, "token_sha256"));
  TRY(d.idevid_sha256, read_digest(row, row.idevid_sha256, "idevid_sha256"));
  TRY(d.ek_sha256, read_digest(row, row.ek_sha256, "ek_sha256"));
  return d;
}

// Collects rows, and knows which ids and serials it has seen, and where.
class Collector {
 public:
  Result<void> add(const Row& row) {
    if (row.number > manifest_devices_max)
      return fail(Fault::invalid, "more than 200000 devices; split the manifest", "/devices");
    TRY(ManifestDevice device, read_row(row));
    TRY_VOID(once(ids_, device.id.text(), row.number, "id"));
    if (!device.serial.empty()) TRY_VOID(once(serials_, device.serial, row.number, "serial"));
    if (device.idevid_sha256)
      TRY_VOID(once(births_, std::string(row.idevid_sha256), row.number, "idevid_sha256"));
    if (device.ek_sha256)
      TRY_VOID(once(tpms_, std::string(row.ek_sha256), row.number, "ek_sha256"));
    devices_.push_back(std::move(device));
    return {};
  }
  std::vector<ManifestDevice> take() { return std::move(devices_); }

 private:
  using Seen = std::unordered_map<std::string, std::size_t>;
  static Result<void> once(Seen& seen, const std::string& key, std::size_t row, const char* field) {
    auto [it, fresh] = seen.emplace(key, row);
    if (fresh) return {};
    return bad_row(row, field, key + " is in row " + std::to_string(it->second) + " already");
  }

  std::vector<ManifestDevice> devices_;
  Seen ids_, serials_, births_, tpms_;
};

std::vector<std::string_view> split(std::string_view s, char separator) {
  std::vector<std::string_view> out;
  for (std::size_t at; (at = s.find(separator)) != std::string_view::npos; s.remove_prefix(at + 1))
    out.push_back(s.substr(0, at));
  out.push_back(s);
  return out;
}

std::string_view take_line(std::string_view& left) {
  auto end = left.find('\n');
  std::string_view line = left.substr(0, end);
  left.remove_prefix(end == std::string_view::npos ? left.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

Result<Manifest> parse_csv(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // as spreadsheets write it
  const auto first = take_line(text);
  const auto wanted = static_cast<std::size_t>(std::ranges::count(first, ',')) + 1;
  const bool known = first == header || (header.starts_with(first) && header[first.size()] == ',');
  if (!known || wanted < columns_least)
    return fail(Fault::invalid, "a CSV manifest begins with the line " + std::string(header) +
                                    ", which may end after token_sha256 or idevid_sha256");
  Collector collector;
  for (std::size_t number = 1; !text.empty(); ++number) {
    auto fields = split(take_line(text), ',');
    if (fields.size() != wanted)
      return fail(Fault::invalid, "row " + std::to_string(number) + ": has " +
                                      std::to_string(fields.size()) + " fields, not " +
                                      std::to_string(wanted) + "; quotes are not understood");
    Row row{.number = number,
            .id = fields[0],
            .model = fields[1],
            .serial = fields[2],
            .risk = fields[4],
            .token_sha256 = fields[5],
            .idevid_sha256 = wanted > 6 ? fields[6] : std::string_view(),
            .ek_sha256 = wanted > 7 ? fields[7] : std::string_view(),
            .groups = {}};
    if (!fields[3].empty())
      for (std::string_view group : split(fields[3], ';')) row.groups.emplace_back(group);
    TRY_VOID(collector.add(row));
  }
  return Manifest{.owner = {}, .devices = collector.take()};
}

Result<void> add_device(Collector& collector, const Json& item, std::size_t number) {
  ObjectReader in(item, json_pointer("/devices", number - 1));
  std::string id = in.text("id"), model = in.text("model"), serial = in.text_or("serial", "");
  std::vector<std::string> groups = in.texts_or("groups", {}, groups_max, 64);
  std::string risk = in.text_or("risk", ""), token = in.text_or("token_sha256", ""),
              idevid = in.text_or("idevid_sha256", ""), ek = in.text_or("ek_sha256", "");
  TRY_VOID(in.done());
  return collector.add({.number = number,
                        .id = id,
                        .model = model,
                        .serial = serial,
                        .risk = risk,
                        .token_sha256 = token,
                        .idevid_sha256 = idevid,
                        .ek_sha256 = ek,
                        .groups = std::move(groups)});
}

Result<Manifest> parse_json_manifest(std::string_view text) {
  TRY(Json json, parse_json(text, {.bytes = manifest_max, .depth = 5}));
  ObjectReader in(json);
  if (in.text("format", 64) != format)
    in.refuse("format", "must be " + std::string(format) + "; no other is known");
  std::string owner = in.text("owner", 256);
  const Json::Array& items = in.array("devices", manifest_devices_max);
  TRY_VOID(in.done());
  Collector collector;
  for (std::size_t i = 0; i < items.size(); ++i) TRY_VOID(add_device(collector, items[i], i + 1));
  return Manifest{.owner = std::move(owner), .devices = collector.take()};
}

}  // namespace

Result<Manifest> parse_manifest(std::string_view text) {
  if (text.size() > manifest_max)
    return fail(Fault::invalid, "a manifest of over 64 MiB is not taken; split it");
  auto first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '{') return parse_json_manifest(text);
  return parse_csv(text);
}

std::string to_json_text(const Manifest& m) {
  Json devices = Json::array();
  for (const ManifestDevice& d : m.devices) {
    Json item = Json::object({{"id", d.id.text()}, {"model", d.model.text()}});
    if (!d.serial.empty()) item.set("serial", d.serial);
    if (!d.groups.empty()) item.set("groups", Json::Array(d.groups.begin(), d.groups.end()));
    if (!d.risk.empty()) item.set("risk", d.risk);
    if (d.token_sha256) item.set("token_sha256", to_hex(*d.token_sha256));
    if (d.idevid_sha256) item.set("idevid_sha256", to_hex(*d.idevid_sha256));
    if (d.ek_sha256) item.set("ek_sha256", to_hex(*d.ek_sha256));
    devices.push(std::move(item));
  }
  return to_text(
      Json::object({{"format", format}, {"owner", m.owner}, {"devices", std::move(devices)}}));
}

std::string to_csv_text(const Manifest& m) {
  std::string out(header);
  out += '\n';
  for (const ManifestDevice& d : m.devices) {
    out += d.id.text() + ',' + d.model.text() + ',' + d.serial + ',';
    for (const std::string& g : d.groups) out += (&g == &d.groups.front() ? "" : ";") + g;
    out += ',' + d.risk + ',' + (d.token_sha256 ? to_hex(*d.token_sha256) : "") + ',' +
           (d.idevid_sha256 ? to_hex(*d.idevid_sha256) : "") + ',' +
           (d.ek_sha256 ? to_hex(*d.ek_sha256) : "") + '\n';
  }
  return out;
}

}  // namespace muster::wire
