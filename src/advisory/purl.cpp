#include "advisory/purl.h"

#include <algorithm>
#include <array>

#include "advisory/internal/orders.h"
#include "advisory/internal/percent.h"

namespace muster::advisory {
namespace {

void lower_all(std::string& s) {
  std::ranges::transform(s, s.begin(), lower);
}

bool is_type(std::string_view s) {
  const auto allowed = [](char c) { return is_letter(c) || is_digit(c) || c == '.' || c == '-'; };
  return !s.empty() && is_letter(s[0]) && std::ranges::all_of(s, allowed);
}

bool is_key(std::string_view s) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || is_digit(c) || c == '.' || c == '-' || c == '_';
  };
  return !s.empty() && !is_digit(s[0]) && std::ranges::all_of(s, allowed);
}

std::unexpected<Error> refuse(const char* part, std::string why) {
  return fail(Fault::invalid, std::string("not a package URL: ") + part + ' ' + std::move(why));
}

// Segments without those that are empty; "." and ".." have no place in a subpath.
Result<std::string> segments(const char* part, std::string_view text, bool dots) {
  std::string out;
  while (!text.empty()) {
    const auto slash = text.find('/');
    const auto segment = text.substr(0, slash);
    text = slash == std::string_view::npos ? std::string_view{} : text.substr(slash + 1);
    if (segment.empty() || (!dots && (segment == "." || segment == ".."))) continue;
    TRY(const auto plain, percent_decoded(segment));
    if (plain.find('/') != std::string::npos) return refuse(part, "has a slash inside a segment");
    if (!out.empty()) out += '/';
    out += plain;
  }
  return out;
}

struct Rules {
  std::string_view type;
  bool lower_namespace, lower_name;
};
constexpr std::array<Rules, 13> rules{{{"alpm", true, true},
                                       {"apk", true, true},
                                       {"bitbucket", true, true},
                                       {"composer", true, true},
                                       {"deb", true, true},
                                       {"github", true, true},
                                       {"golang", true, true},
                                       {"hex", true, true},
                                       {"npm", true, true},
                                       {"oci", false, true},
                                       {"pub", false, true},
                                       {"pypi", false, true},
                                       {"rpm", true, false}}};

Result<void> take_qualifiers(Purl& purl, std::string_view text) {
  while (!text.empty()) {
    const auto amp = text.find('&');
    const auto pair = text.substr(0, amp);
    text = amp == std::string_view::npos ? std::string_view{} : text.substr(amp + 1);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos) return refuse("a qualifier", "has no value");
    std::string key(pair.substr(0, equals));
    lower_all(key);
    TRY(auto value, percent_decoded(pair.substr(equals + 1)));
    if (!value.empty()) purl.qualifiers.emplace_back(std::move(key), std::move(value));
  }
  return {};
}

// A version begins at the last @, unless that one opens a scope such as npm's @angular/.
std::size_t version_mark(std::string_view path) {
  const auto at = path.rfind('@');
  if (at == std::string_view::npos || at == 0) return std::string_view::npos;
  const bool scope = path[at - 1] == '/' && path.find('/', at) != std::string_view::npos;
  return scope ? std::string_view::npos : at;
}

}  // namespace

const std::string* Purl::qualifier(std::string_view key) const {
  for (const auto& [name_, value] : qualifiers)
    if (name_ == key) return &value;
  return nullptr;
}

std::string Purl::coordinates() const {
  return namespace_.empty() ? type + '/' + name : type + '/' + namespace_ + '/' + name;
}

Result<Purl> normalised(Purl purl) {
  if (!is_type(purl.type))
    return refuse("its type", "is not a letter and then letters, digits, . -");
  lower_all(purl.type);
  if (purl.name.empty()) return refuse("its name", "is empty");
  std::ranges::sort(purl.qualifiers);
  std::erase_if(purl.qualifiers, [](const auto& pair) { return pair.second.empty(); });
  for (std::size_t i = 0; i < purl.qualifiers.size(); ++i) {
    const auto& key = purl.qualifiers[i].first;
    if (!is_key(key)) return refuse("a qualifier's key", "may hold a-z 0-9 . - _ alone");
    if (i && key == purl.qualifiers[i - 1].first) return refuse("a qualifier", "is there twice");
  }
  for (const auto& [type, lower_namespace, lower_name] : rules) {
    if (purl.type != type) continue;
    if (lower_namespace) lower_all(purl.namespace_);
    if (lower_name) lower_all(purl.name);
  }
  if (purl.type == "pypi") std::ranges::replace(purl.name, '_', '-');
  return purl;
}

Result<Purl> parse_purl(std::string_view text) {
  if (text.size() > purl_max)
    return refuse("it", "has more than " + std::to_string(purl_max) + " bytes");
  std::string_view rest = text;
  std::string scheme(rest.substr(0, 4));
  lower_all(scheme);
  if (scheme != "pkg:") return refuse("it", "does not begin with pkg:");
  rest.remove_prefix(4);
  while (rest.starts_with('/')) rest.remove_prefix(1);
  Purl purl;
  if (const auto hash = rest.rfind('#'); hash != std::string_view::npos) {
    TRY(purl.subpath, segments("its subpath", rest.substr(hash + 1), false));
    rest = rest.substr(0, hash);
  }
  if (const auto mark = rest.rfind('?'); mark != std::string_view::npos) {
    TRY_VOID(take_qualifiers(purl, rest.substr(mark + 1)));
    rest = rest.substr(0, mark);
  }
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos) return refuse("its name", "is missing");
  purl.type = rest.substr(0, slash);
  rest.remove_prefix(slash + 1);
  if (const auto at = version_mark(rest); at != std::string_view::npos) {
    TRY(purl.version, percent_decoded(rest.substr(at + 1)));
    rest = rest.substr(0, at);
  }
  while (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.starts_with('@') && rest.find('/') == std::string_view::npos)
    return refuse("its name", "is missing");
  const auto last = rest.rfind('/');
  if (last != std::string_view::npos) {
    TRY(purl.namespace_, segments("its namespace", rest.substr(0, last), true));
  }
  TRY(purl.name, percent_decoded(last == std::string_view::npos ? rest : rest.substr(last + 1)));
  return normalised(std::move(purl));
}

std::string to_text(const Purl& purl) {
  std::string out = "pkg:" + purl.type + '/';
  if (!purl.namespace_.empty()) out += percent_encoded(purl.namespace_, "/") + '/';
  out += percent_encoded(purl.name, "");
  if (!purl.version.empty()) out += '@' + percent_encoded(purl.version, "");
  char mark = '?';
  for (const auto& [key, value] : purl.qualifiers) {
    out += mark + key + '=' + percent_encoded(value, "");
    mark = '&';
  }
  if (!purl.subpath.empty()) out += '#' + percent_encoded(purl.subpath, "/");
  return out;
}

}  // namespace muster::advisory
