#include "crypto/note.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "crypto/internal/algorithm.h"
#include "crypto/internal/utf8.h"

namespace muster::crypto {
namespace {

constexpr std::size_t note_bytes_max = 1'000'000;
constexpr std::size_t signatures_max = 100;
constexpr std::size_t key_id_bytes = 4;
constexpr std::string_view signature_mark = "\u2014 ";  // an em dash and a space
constexpr std::uint8_t ed25519_type = 0x01;

std::unexpected<Error> malformed(std::string_view what, std::string_view why) {
  return fail(Fault::invalid, std::string(what) + ": " + std::string(why));
}

// Of a key or an origin: it must survive being one word of a line.
bool is_note_name(std::string_view name) {
  return !name.empty() && name.find('+') == name.npos && is_printable_utf8(name) &&
         !has_unicode_space(name);
}

bool is_note_text(std::string_view text) {
  if (text.empty() || text.back() != '\n') return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '\n' || static_cast<unsigned char>(c) >= 0x20; }) &&
         is_utf8(text);
}

// Standard alphabet, padded, one spelling only.
Result<Bytes> from_strict_base64(std::string_view text, std::string_view what) {
  auto out = from_base64(text);
  if (!out || to_base64(*out) != text) return malformed(what, "not in canonical base64");
  return out;
}

Bytes typed_key(const PublicKey& key) {
  Bytes out{ed25519_type};
  const ByteView raw = ByteView(key.spki()).last(32);  // RFC 8410: the key ends its SPKI
  out.insert(out.end(), raw.begin(), raw.end());
  return out;
}

std::string key_id(std::string_view name, ByteView typed) {
  const Hash hash = sha256(bytes_of(std::string(name) + "\n"), typed);
  return std::string(text_of(ByteView(hash).first(key_id_bytes)));
}

struct Verifier {
  std::string name, id;
  PublicKey key;
};

Result<Verifier> parse_verifier_key(std::string_view text) {
  const std::size_t first = text.find('+');
  const std::size_t second = first == text.npos ? text.npos : text.find('+', first + 1);
  if (second == text.npos) return malformed("verifier key", "must be name+id+key");
  Verifier out{.name = std::string(text.substr(0, first)), .id = {}, .key = {}};
  if (!is_note_name(out.name))
    return malformed("verifier key", "the name has a space or a control character, or is empty");
  TRY(const Bytes typed, from_strict_base64(text.substr(second + 1), "verifier key"));
  if (typed.size() != 33 || typed[0] != ed25519_type)
    return malformed("verifier key", "not an Ed25519 key (type 1 and 32 octets)");
  out.id = key_id(out.name, typed);
  if (text.substr(first + 1, second - first - 1) != to_hex(bytes_of(out.id)))
    return malformed("verifier key", "the id does not belong to that name and key");
  Bytes spki = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
  spki.insert(spki.end(), typed.begin() + 1, typed.end());
  TRY(out.key, PublicKey::from_spki(spki));
  return out;
}

struct SignatureLine {
  std::string_view name;
  std::string id;
  Bytes signature;
};

Result<SignatureLine> parse_signature_line(std::string_view line) {
  if (!line.starts_with(signature_mark))
    return malformed("signed note", "a signature line does not start with an em dash and a space");
  line.remove_prefix(signature_mark.size());
  const std::size_t space = line.find(' ');
  if (space == line.npos) return malformed("signed note", "a signature line has no signature");
  SignatureLine out{.name = line.substr(0, space), .id = {}, .signature = {}};
  if (!is_note_name(out.name))
    return malformed("signed note", "a signature line has no proper name");
  TRY(out.signature, from_strict_base64(line.substr(space + 1), "signed note"));
  if (out.signature.size() <= key_id_bytes)
    return malformed("signed note", "a signature is cut short");
  out.id = text_of(ByteView(out.signature).first(key_id_bytes));
  out.signature.erase(out.signature.begin(), out.signature.begin() + key_id_bytes);
  return out;
}

// Takes the next line off, without its newline; none when none is left or the last is unended.
std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == text.npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

}  // namespace

std::string verifier_key(std::string_view name, const PublicKey& ed25519) {
  const Bytes typed = typed_key(ed25519);
  return std::string(name) + "+" + to_hex(bytes_of(key_id(name, typed))) + "+" + to_base64(typed);
}

Result<std::string> sign_note(std::string_view text, std::string_view name,
                              const SigningKey& ed25519) {
  if (ed25519.public_key().algorithm() != Algorithm::ed25519)
    return malformed("signed note", std::string("is signed by Ed25519 only, and the key is ") +
                                        name_of(ed25519.public_key().algorithm()));
  if (!is_note_name(name))
    return malformed("name of the signer",
                     "must have no space, no plus sign and no control character, and not be empty");
  if (!is_note_text(text) || text.size() > note_bytes_max / 2)
    return malformed("signed note",
                     "the text must be UTF-8 without control characters, end in a newline, and be "
                     "no longer than 500,000 octets");
  TRY(const Bytes signature, ed25519.sign(bytes_of(text)));
  std::string blob = key_id(name, typed_key(ed25519.public_key()));
  blob += text_of(signature);
  std::string out(text);
  out += '\n';
  out += signature_mark;
  out += name;
  return out + " " + to_base64(bytes_of(blob)) + "\n";
}

Result<std::string> open_note(std::string_view note, std::string_view verifier_key_text) {
  TRY(const Verifier verifier, parse_verifier_key(verifier_key_text));
  if (note.size() > note_bytes_max) return malformed("signed note", "longer than 1,000,000 octets");
  if (!is_note_text(note)) return malformed("signed note", "not UTF-8 text that ends in a newline");
  const std::size_t gap = note.rfind("\n\n");
  if (gap == note.npos) return malformed("signed note", "no empty line before the signatures");
  const std::string_view text = note.substr(0, gap + 1);
  std::string_view rest = note.substr(gap + 2);
  bool signed_by_key = false;
  std::size_t count = 0;
  while (const auto line = take_line(rest)) {
    if (++count > signatures_max) return malformed("signed note", "more than 100 signatures");
    TRY(const SignatureLine signature, parse_signature_line(*line));
    if (signature.name != verifier.name || signature.id != verifier.id) continue;
    if (!verifier.key.verify(bytes_of(text), signature.signature))
      return fail(Fault::corrupt, "signed note: the signature of " + verifier.name + " is wrong");
    signed_by_key = true;
  }
  if (!signed_by_key)
    return fail(Fault::unauthorized, "signed note: not signed by " + verifier.name);
  return std::string(text);
}

std::string tree_head_text(const TreeHead& head) {
  return head.origin + "\n" + std::to_string(head.size) + "\n" + to_base64(head.root) + "\n";
}

Result<TreeHead> parse_tree_head(std::string_view text) {
  const auto origin = take_line(text), size = take_line(text), root = take_line(text);
  if (!origin || !size || !root)
    return malformed("checkpoint",
                     "must have an origin, a size and a root, each ended by a newline");
  TreeHead out{.origin = std::string(*origin), .size = 0, .root = {}};
  if (origin->empty() || !is_printable_utf8(*origin))
    return malformed("checkpoint", "the origin must be one line of text");
  const auto [end, error] = std::from_chars(size->data(), size->data() + size->size(), out.size);
  if (error != std::errc() || end != size->data() + size->size() ||
      std::to_string(out.size) != *size)
    return malformed("checkpoint", "the size must be a decimal number without leading zeroes");
  TRY(const Bytes hash, from_strict_base64(*root, "checkpoint"));
  if (hash.size() != out.root.size()) return malformed("checkpoint", "the root must be 32 octets");
  std::copy(hash.begin(), hash.end(), out.root.begin());
  while (!text.empty())
    if (const auto extension = take_line(text); !extension || extension->empty())
      return malformed("checkpoint", "an extension line is empty or has no newline");
  return out;
}

}  // namespace muster::crypto
