// What is checked of metadata that was read: signatures, files, and which paths a role covers.
#include <algorithm>
#include <set>

#include "crypto/hash.h"
#include "tuf/file_sum.h"
#include "tuf/metadata.h"

namespace muster::tuf {
namespace {

// One set in brackets, at pattern[at] == '['; the place after it, or npos when it never closes.
std::size_t match_set(std::string_view pattern, std::size_t at, char c, bool& hit) {
  std::size_t i = at + 1;
  const bool inverted = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
  if (inverted) ++i;
  const std::size_t first = i;
  bool found = false;
  for (; i < pattern.size() && (pattern[i] != ']' || i == first); ++i) {
    if (i + 2 < pattern.size() && pattern[i + 1] == '-' && pattern[i + 2] != ']') {
      found = found || (pattern[i] <= c && c <= pattern[i + 2]);
      i += 2;
    } else {
      found = found || pattern[i] == c;
    }
  }
  if (i >= pattern.size()) return std::string_view::npos;
  hit = found != inverted;
  return i + 1;
}

// One part of a path. Goes back to the last star only, so it takes at most pattern × text steps.
bool matches_part(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = pattern.npos, star_text = 0;
  while (t < text.size()) {
    std::size_t next = p;
    bool hit = false;
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
      continue;
    }
    if (p < pattern.size()) {
      next = p + 1;
      hit = pattern[p] == '?' || pattern[p] == text[t];
      if (pattern[p] == '[') {
        const std::size_t after = match_set(pattern, p, text[t], hit);
        if (after != pattern.npos) next = after;
      }
    }
    if (hit) {
      p = next;
      ++t;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::string_view next_part(std::string_view& rest, bool& more) {
  const std::size_t slash = rest.find('/');
  const std::string_view part = rest.substr(0, slash);
  more = slash != rest.npos;
  rest = more ? rest.substr(slash + 1) : std::string_view{};
  return part;
}

}  // namespace

bool matches(std::string_view pattern, std::string_view path) {
  for (bool more_pattern = true, more_path = true;;) {
    const std::string_view want = next_part(pattern, more_pattern);
    const std::string_view have = next_part(path, more_path);
    if (more_pattern != more_path || !matches_part(want, have)) return false;
    if (!more_path) return true;
  }
}

bool Delegation::covers(std::string_view path) const {
  if (hash_prefixes.empty())
    return std::any_of(paths.begin(), paths.end(),
                       [&](const std::string& one) { return matches(one, path); });
  const std::string hash = to_hex(crypto::sha256(bytes_of(path)));
  return std::any_of(hash_prefixes.begin(), hash_prefixes.end(),
                     [&](const std::string& one) { return hash.starts_with(one); });
}

Result<void> check_signatures(const Role& role, const Keys& keys, std::string_view bytes,
                              const std::vector<Signature>& signatures, const std::string& what) {
  std::set<std::string_view> signers;
  const auto enough = static_cast<std::size_t>(role.threshold);
  for (const Signature& one : signatures) {
    if (one.value.empty() ||
        std::find(role.keyids.begin(), role.keyids.end(), one.keyid) == role.keyids.end())
      continue;
    const auto key = keys.find(one.keyid);
    if (key != keys.end() && key->second.verify(bytes_of(bytes), one.value))
      signers.insert(key->second.identity());
    if (signers.size() >= enough) return {};
  }
  return fail(Fault::unauthorized, what + ": " + std::to_string(signers.size()) + " of " +
                                       std::to_string(role.threshold) +
                                       " needed keys have signed it");
}

Result<void> check_file(std::string_view text, const std::optional<std::uint64_t>& length,
                        const Hashes& hashes, const std::string& what) {
  FileSum sum;
  sum.add(bytes_of(text));
  return sum.check(length, hashes, what);
}

std::string escaped(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      out += '%';
      out += "0123456789ABCDEF"[octet >> 4];
      out += "0123456789ABCDEF"[octet & 15];
    }
  }
  return out;
}

}  // namespace muster::tuf
