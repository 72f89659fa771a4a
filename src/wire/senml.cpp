#include "wire/senml.h"

#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "wire/internal/senml_rules.h"

namespace muster::wire {
namespace {

namespace od = simdjson::ondemand;

enum class Label : std::uint8_t { bn, bt, bu, bv, bs, bver, n, u, v, vs, vb, vd, s, t, ut, other };

constexpr const char* names[] = {"bn", "bt", "bu", "bv", "bs", "bver", "n", "u",
                                 "v",  "vs", "vb", "vd", "s",  "t",    "ut"};

constexpr std::uint32_t bit(Label l) {
  return 1u << static_cast<int>(l);
}
constexpr std::uint32_t base_labels = bit(Label::bn) | bit(Label::bt) | bit(Label::bu) |
                                      bit(Label::bv) | bit(Label::bs) | bit(Label::bver);
constexpr std::uint32_t value_labels =
    bit(Label::v) | bit(Label::vs) | bit(Label::vb) | bit(Label::vd);

// Up to four characters and their count as one number, so that a label is found by a switch.
constexpr std::uint64_t packed(std::string_view key) {
  std::uint64_t word = key.size();
  for (char c : key) word = word << 8 | static_cast<unsigned char>(c);
  return word;
}

Label label_of(std::string_view key) {
  if (key.size() > 4) return Label::other;
  switch (packed(key)) {
    case packed("bn"):
      return Label::bn;
    case packed("bt"):
      return Label::bt;
    case packed("bu"):
      return Label::bu;
    case packed("bv"):
      return Label::bv;
    case packed("bs"):
      return Label::bs;
    case packed("bver"):
      return Label::bver;
    case packed("n"):
      return Label::n;
    case packed("u"):
      return Label::u;
    case packed("v"):
      return Label::v;
    case packed("vs"):
      return Label::vs;
    case packed("vb"):
      return Label::vb;
    case packed("vd"):
      return Label::vd;
    case packed("s"):
      return Label::s;
    case packed("t"):
      return Label::t;
    case packed("ut"):
      return Label::ut;
    default:
      return Label::other;
  }
}

// Section 4.1: they hold from the record they are in, until one says otherwise.
struct Bases {
  std::string_view name, unit;
  double time = 0, value = 0, sum = 0;
  bool has_value = false, has_sum = false;
};

struct Fields {
  std::uint32_t seen = 0;
  std::string_view name, unit, text;
  double value = 0, sum = 0, time = 0, unused = 0;
  bool flag = false;
  bool has(Label l) const { return seen & bit(l); }
};

struct Refusal {
  const char* label = "";  // empty: the record as a whole
  const char* why = nullptr;
};
constexpr Refusal fine{};

Refusal take_number(od::value v, const char* label, double& into) {
  if (v.get_double().get(into) || !std::isfinite(into)) return {label, "must be a number"};
  return fine;
}

Refusal take_text(od::value v, const char* label, std::string_view& into) {
  if (v.get_string().get(into)) return {label, "must be a string"};
  return fine;
}

Refusal take_version(od::value v) {
  std::uint64_t version = 0;
  if (v.get_uint64().get(version) || version == 0) return {"bver", "must be a positive integer"};
  if (version > 10) return {"bver", "is newer than 10, the version of RFC 8428"};
  return fine;
}

Refusal take_value(Label l, od::value v, Bases& base, Fields& f) {
  const char* label = names[static_cast<int>(l)];
  switch (l) {
    case Label::bn:
      return take_text(v, label, base.name);
    case Label::bt:
      return take_number(v, label, base.time);
    case Label::bu:
      return take_text(v, label, base.unit);
    case Label::bv:
      base.has_value = true;
      return take_number(v, label, base.value);
    case Label::bs:
      base.has_sum = true;
      return take_number(v, label, base.sum);
    case Label::bver:
      return take_version(v);
    case Label::n:
      return take_text(v, label, f.name);
    case Label::u:
      return take_text(v, label, f.unit);
    case Label::v:
      return take_number(v, label, f.value);
    case Label::vs:
    case Label::vd:
      return take_text(v, label, f.text);
    case Label::vb:
      return v.get_bool().get(f.flag) ? Refusal{label, "must be true or false"} : fine;
    case Label::s:
      return take_number(v, label, f.sum);
    case Label::t:
      return take_number(v, label, f.time);
    case Label::ut:
      return take_number(v, label, f.unused);
    case Label::other:
      break;
  }
  return fine;
}

Refusal take_field(od::field field, Bases& base, Fields& f) {
  std::string_view key;
  if (field.unescaped_key().get(key)) return {"", "has a label that is not a string"};
  Label l = label_of(key);
  if (l == Label::other)
    return key.ends_with('_')
               ? Refusal{"", "has a label that must be understood, and is not [section 4.4]"}
               : fine;
  if (f.has(l)) return {names[static_cast<int>(l)], "is there twice"};
  f.seen |= bit(l);
  return take_value(l, field.value(), base, f);
}

Refusal set_value(SenmlRecord& out, const Bases& base, const Fields& f) {
  std::uint32_t values = f.seen & value_labels;
  if (values & (values - 1)) return {"", "has more than one value [section 4.2]"};
  if (f.has(Label::vb)) {
    out.value = f.flag;
  } else if (values & ~bit(Label::v)) {
    out.value = f.text;
    out.is_data = f.has(Label::vd);
  } else if (values || base.has_value) {
    out.value = base.value + f.value;
    if (!std::isfinite(base.value + f.value)) return {"v", "is out of range with its base"};
  }
  if (f.has(Label::s) || base.has_sum) {
    out.sum = base.sum + f.sum;
    if (!std::isfinite(*out.sum)) return {"s", "is out of range with its base"};
  }
  if (!out.sum && std::holds_alternative<std::monostate>(out.value))
    return {"", "has neither a value nor a sum [section 4.2]"};
  return fine;
}

Refusal set_time(SenmlRecord& out, double seconds, std::int64_t now_ms) {
  if (std::abs(seconds) > senml_seconds_max) return {"t", "is after the year 9999"};
  auto ms = static_cast<std::int64_t>(std::llround(seconds * 1000));
  out.time = seconds < senml_relative_below ? now_ms + ms : ms;
  return fine;
}

}  // namespace

struct SenmlReader::Room {
  od::parser parser{senml_bytes_max};
  std::vector<char> input = std::vector<char>(senml_bytes_max + simdjson::SIMDJSON_PADDING);
  std::vector<char> names = std::vector<char>(senml_records_max * senml_name_max);
  std::vector<SenmlRecord> records;
  std::size_t names_used = 0;

  Refusal read(std::size_t size, std::int64_t now_ms);
  Refusal add(const Bases&, const Fields&, std::int64_t now_ms);
  Refusal set_name(SenmlRecord&, std::string_view base, std::string_view name);
};

Refusal SenmlReader::Room::set_name(SenmlRecord& out, std::string_view base,
                                    std::string_view name) {
  if (base.size() + name.size() > senml_name_max) return {"n", "is over 128 bytes with its base"};
  if (base.empty() || name.empty()) {
    out.name = base.empty() ? name : base;
  } else {
    char* at = names.data() + names_used;
    std::copy(name.begin(), name.end(), std::copy(base.begin(), base.end(), at));
    out.name = {at, base.size() + name.size()};
    names_used += out.name.size();
  }
  return is_senml_name(out.name) ? fine : Refusal{"n", "is not a name [section 4.5.1]"};
}

Refusal SenmlReader::Room::add(const Bases& base, const Fields& f, std::int64_t now_ms) {
  if (!(f.seen & ~base_labels)) return fine;
  if (records.size() == senml_records_max) return {"", "is one too many: at most 1024 are taken"};
  SenmlRecord out;
  if (Refusal r = set_name(out, base.name, f.name); r.why) return r;
  if (Refusal r = set_value(out, base, f); r.why) return r;
  if (Refusal r = set_time(out, base.time + f.time, now_ms); r.why) return r;
  out.unit = f.has(Label::u) ? f.unit : base.unit;
  records.push_back(out);
  return fine;
}

// On a refusal, records.size() is the number of records before the one at fault, or near it: those
// of base values alone do not count.
Refusal SenmlReader::Room::read(std::size_t size, std::int64_t now_ms) {
  constexpr Refusal not_json{"", "is not JSON"}, not_pack{"", "is not an object [section 5]"};
  records.clear();
  names_used = 0;
  od::document doc;
  od::array pack;
  if (parser.iterate(input.data(), size, input.size()).get(doc)) return not_json;
  if (doc.get_array().get(pack)) return {"", "is not in an array [section 5]"};
  Bases base;
  std::size_t seen = 0;
  for (auto item : pack) {
    od::object record;
    if (++seen > 2 * senml_records_max) return {"", "is one too many"};
    if (item.error()) return not_json;
    if (item.get_object().get(record)) return not_pack;
    Fields fields;
    for (auto field : record) {
      if (field.error()) return not_json;
      if (Refusal r = take_field(field.value_unsafe(), base, fields); r.why) return r;
    }
    if (Refusal r = add(base, fields, now_ms); r.why) return r;
  }
  const char* rest = nullptr;
  if (doc.current_location().get(rest) == simdjson::SUCCESS) return {"", "is followed by more"};
  return fine;
}

SenmlReader::SenmlReader() = default;
SenmlReader::SenmlReader(SenmlReader&&) noexcept = default;
SenmlReader& SenmlReader::operator=(SenmlReader&&) noexcept = default;
SenmlReader::~SenmlReader() = default;

Result<std::span<const SenmlRecord>> SenmlReader::read(ByteView pack, std::int64_t now_ms) {
  if (pack.size() > senml_bytes_max)
    return fail(Fault::invalid, "a SenML pack of over 128 KiB is not taken; send several");
  if (!room_) {
    room_ = std::make_unique<Room>();
    room_->records.reserve(senml_records_max);
  }
  std::copy(pack.begin(), pack.end(), room_->input.begin());
  Refusal r = room_->read(pack.size(), now_ms);
  if (!r.why) return std::span<const SenmlRecord>(room_->records);
  std::string where = "SenML record " + std::to_string(room_->records.size() + 1);
  if (*r.label) where += std::string(": ") + r.label;
  return fail(Fault::invalid, where + " " + r.why, r.label);
}

}  // namespace muster::wire
