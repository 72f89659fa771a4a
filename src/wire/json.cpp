#include "wire/json.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cmath>

#include "wire/utf8.h"

namespace muster::wire {
namespace {

namespace bj = boost::json;

const std::string* repeated_key(const Json::Members& members) {
  if (members.size() < 2) return nullptr;
  std::vector<const std::string*> keys;
  keys.reserve(members.size());
  for (const auto& [key, value] : members) keys.push_back(&key);
  auto less = [](auto* a, auto* b) { return *a < *b; };
  auto same = [](auto* a, auto* b) { return *a == *b; };
  std::sort(keys.begin(), keys.end(), less);
  auto it = std::adjacent_find(keys.begin(), keys.end(), same);
  return it == keys.end() ? nullptr : *it;
}

// What Boost's parser tells as it goes becomes our tree. A refusal of ours is left in `refusal`.
struct TreeBuilder {
  static constexpr std::size_t max_object_size = -1;
  static constexpr std::size_t max_array_size = -1;
  static constexpr std::size_t max_key_size = -1;
  static constexpr std::size_t max_string_size = -1;

  struct Open {
    bool is_object;
    Json::Array items;
    Json::Members members;
    std::string key;
  };

  std::vector<Open> open;
  std::string piece;  // of a key, a string or a number that came in parts
  Json root;
  std::string refusal;

  bool stop(std::string why, bj::error_code& ec) {
    refusal = std::move(why);
    ec = bj::error::syntax;
    return false;
  }
  std::string whole(bj::string_view last) {
    piece.append(last.data(), last.size());
    return std::exchange(piece, {});
  }
  bool add(Json value) {
    if (open.empty())
      root = std::move(value);
    else if (open.back().is_object)
      open.back().members.emplace_back(std::move(open.back().key), std::move(value));
    else
      open.back().items.push_back(std::move(value));
    return true;
  }
  bool part(bj::string_view s) {
    piece.append(s.data(), s.size());
    return true;
  }

  bool on_document_begin(bj::error_code&) { return true; }
  bool on_document_end(bj::error_code&) { return true; }
  bool on_object_begin(bj::error_code&) {
    open.push_back({.is_object = true, .items = {}, .members = {}, .key = {}});
    return true;
  }
  bool on_array_begin(bj::error_code&) {
    open.push_back({.is_object = false, .items = {}, .members = {}, .key = {}});
    return true;
  }
  bool on_object_end(std::size_t, bj::error_code& ec) {
    Json::Members members = std::move(open.back().members);
    open.pop_back();
    if (const std::string* key = repeated_key(members))
      return stop("member " + to_text(Json(*key)) + " is there twice", ec);
    return add(Json::of_members(std::move(members)));
  }
  bool on_array_end(std::size_t, bj::error_code&) {
    Json::Array items = std::move(open.back().items);
    open.pop_back();
    return add(Json(std::move(items)));
  }
  bool on_key_part(bj::string_view s, std::size_t, bj::error_code&) { return part(s); }
  bool on_key(bj::string_view s, std::size_t, bj::error_code&) {
    open.back().key = whole(s);
    return true;
  }
  bool on_string_part(bj::string_view s, std::size_t, bj::error_code&) { return part(s); }
  bool on_string(bj::string_view s, std::size_t, bj::error_code&) { return add(Json(whole(s))); }
  bool on_number_part(bj::string_view s, bj::error_code&) { return part(s); }
  bool on_int64(std::int64_t v, bj::string_view, bj::error_code&) {
    piece.clear();
    return add(Json(v));
  }
  bool on_uint64(std::uint64_t, bj::string_view s, bj::error_code& ec) {
    return on_double(0, s, ec);
  }
  // Boost 1.81 rounds some doubles wrongly by one unit, so its own value is not used.
  bool on_double(double, bj::string_view s, bj::error_code& ec) {
    std::string text = whole(s);
    double v = 0;
    auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), v);
    if (fault != std::errc{} || !std::isfinite(v)) return stop("number out of range", ec);
    return add(Json(v));
  }
  bool on_bool(bool v, bj::error_code&) { return add(Json(v)); }
  bool on_null(bj::error_code&) { return add(Json()); }
  bool on_comment_part(bj::string_view, bj::error_code&) { return true; }
  bool on_comment(bj::string_view, bj::error_code&) { return true; }
};

void write_text(std::string& out, std::string_view s) {
  out += '"';
  while (!s.empty()) {
    auto c = static_cast<unsigned char>(s[0]);
    std::size_t n = utf8_length(s);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += s[0];
    } else if (c < 0x20) {
      static constexpr std::string_view plain = "\b\t\n\f\r", letters = "btnfr";
      out += '\\';
      if (auto at = plain.find(s[0]); at != std::string_view::npos) {
        out += letters[at];
      } else {
        out += "u00";
        out += "0123456789abcdef"[c >> 4];
        out += "0123456789abcdef"[c & 15];
      }
    } else if (n == 0) {
      out += "\xef\xbf\xbd";
    } else {
      out.append(s, 0, n);
    }
    s.remove_prefix(n ? n : 1);
  }
  out += '"';
}

void write_double(std::string& out, double v) {
  if (!std::isfinite(v)) {
    out += "null";
    return;
  }
  char digits[32];
  auto end = std::to_chars(digits, digits + sizeof digits, v).ptr;
  std::string_view text(digits, end);
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

void write(std::string& out, const Json& v, bool sorted);

void write_members(std::string& out, const Json::Members& members, bool sorted) {
  std::vector<const Json::Member*> order;
  order.reserve(members.size());
  for (const auto& m : members) order.push_back(&m);
  // Bytes of UTF-8 sort as their code points do.
  if (sorted)
    std::sort(order.begin(), order.end(), [](auto* a, auto* b) { return a->first < b->first; });
  out += '{';
  for (const auto* m : order) {
    if (m != order.front()) out += ',';
    write_text(out, m->first);
    out += ':';
    write(out, m->second, sorted);
  }
  out += '}';
}

void write(std::string& out, const Json& v, bool sorted) {
  if (v.is_null()) {
    out += "null";
  } else if (auto* b = v.boolean()) {
    out += *b ? "true" : "false";
  } else if (auto* i = v.integer()) {
    out += std::to_string(*i);
  } else if (auto* t = v.text()) {
    write_text(out, *t);
  } else if (auto* items = v.items()) {
    out += '[';
    for (const Json& item : *items) {
      if (&item != &items->front()) out += ',';
      write(out, item, sorted);
    }
    out += ']';
  } else if (auto* members = v.members()) {
    write_members(out, *members, sorted);
  } else {
    write_double(out, v.number().value_or(0));
  }
}

}  // namespace

Json Json::object(std::initializer_list<Member> members) {
  Json v;
  v.value_ = Members{};
  for (const auto& [key, value] : members) v.set(key, value);
  return v;
}

Json Json::of_members(Members members) {
  Json v;
  v.value_ = std::move(members);
  return v;
}

Json Json::array(std::initializer_list<Json> items) {
  return Json(Array(items));
}

std::optional<double> Json::number() const {
  if (auto* i = integer()) return static_cast<double>(*i);
  if (auto* d = std::get_if<double>(&value_)) return *d;
  return std::nullopt;
}

const Json* Json::find(std::string_view key) const {
  if (auto* all = members())
    for (const auto& [name, value] : *all)
      if (name == key) return &value;
  return nullptr;
}

Json& Json::set(std::string key, Json value) {
  if (!members()) value_ = Members{};
  auto& all = std::get<Members>(value_);
  for (auto& [name, old] : all)
    if (name == key) {
      old = std::move(value);
      return *this;
    }
  all.emplace_back(std::move(key), std::move(value));
  return *this;
}

Json& Json::push(Json value) {
  if (!items()) value_ = Array{};
  std::get<Array>(value_).push_back(std::move(value));
  return *this;
}

Result<Json> parse_json(std::string_view in, JsonLimits limits) {
  if (in.size() > limits.bytes)
    return fail(Fault::invalid, "JSON of " + std::to_string(in.size()) + " bytes; at most " +
                                    std::to_string(limits.bytes) + " are taken");
  bj::parse_options options;
  options.max_depth = limits.depth;
  bj::basic_parser<TreeBuilder> parser(options);
  bj::error_code ec;
  std::size_t read = parser.write_some(false, in.data(), in.size(), ec);
  if (!ec && read < in.size()) ec = bj::error::extra_data;
  if (ec) {
    const std::string& own = parser.handler().refusal;
    return fail(Fault::invalid, "not JSON at byte " + std::to_string(read) + ": " +
                                    (own.empty() ? ec.message() : own));
  }
  return std::move(parser.handler().root);
}

std::string to_text(const Json& v) {
  std::string out;
  write(out, v, false);
  return out;
}

std::string canonical(const Json& v) {
  std::string out;
  write(out, v, true);
  return out;
}

}  // namespace muster::wire
