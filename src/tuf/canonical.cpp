#include "tuf/canonical.h"

#include <algorithm>

namespace muster::tuf {
namespace {

using wire::Json;

void write_text(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

// False when there is a fraction. As deep as what was parsed, which is bounded.
bool write(std::string& out, const Json& value);

bool write_members(std::string& out, const Json::Members& members) {
  std::vector<const Json::Member*> sorted;
  sorted.reserve(members.size());
  for (const Json::Member& one : members) sorted.push_back(&one);
  std::sort(sorted.begin(), sorted.end(), [](auto* a, auto* b) { return a->first < b->first; });
  out += '{';
  for (const Json::Member* one : sorted) {
    if (one != sorted.front()) out += ',';
    write_text(out, one->first);
    out += ':';
    if (!write(out, one->second)) return false;
  }
  out += '}';
  return true;
}

bool write_items(std::string& out, const Json::Array& items) {
  out += '[';
  for (const Json& item : items) {
    if (&item != &items.front()) out += ',';
    if (!write(out, item)) return false;
  }
  out += ']';
  return true;
}

bool write(std::string& out, const Json& value) {
  if (auto* members = value.members()) return write_members(out, *members);
  if (auto* items = value.items()) return write_items(out, *items);
  if (auto* text = value.text()) {
    write_text(out, *text);
  } else if (auto* integer = value.integer()) {
    out += std::to_string(*integer);
  } else if (auto* boolean = value.boolean()) {
    out += *boolean ? "true" : "false";
  } else if (value.is_null()) {
    out += "null";
  } else {
    return false;
  }
  return true;
}

}  // namespace

Result<std::string> canonical_json(const Json& value) {
  std::string out;
  if (!write(out, value))
    return fail(Fault::invalid, "holds a fraction; canonical JSON has whole numbers only");
  return out;
}

}  // namespace muster::tuf
