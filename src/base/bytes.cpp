#include "base/bytes.h"

namespace muster {
namespace {

constexpr char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

std::string encode(ByteView in, const char* alphabet, bool pad) {
  std::string out;
  out.reserve((in.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < in.size(); i += 3) {
    std::size_t left = in.size() - i;
    std::uint32_t word = static_cast<std::uint32_t>(in[i]) << 16;
    if (left > 1) word |= static_cast<std::uint32_t>(in[i + 1]) << 8;
    if (left > 2) word |= in[i + 2];
    out += alphabet[word >> 18];
    out += alphabet[(word >> 12) & 63];
    if (left > 1)
      out += alphabet[(word >> 6) & 63];
    else if (pad)
      out += '=';
    if (left > 2)
      out += alphabet[word & 63];
    else if (pad)
      out += '=';
  }
  return out;
}

}  // namespace

std::string to_hex(ByteView in) {
  std::string out;
  out.reserve(in.size() * 2);
  for (std::uint8_t b : in) {
    out += "0123456789abcdef"[b >> 4];
    out += "0123456789abcdef"[b & 15];
  }
  return out;
}

Result<Bytes> from_hex(std::string_view in) {
  if (in.size() % 2) return fail(Fault::invalid, "must be an even number of hexadecimal digits");
  Bytes out;
  out.reserve(in.size() / 2);
  for (std::size_t i = 0; i < in.size(); i += 2) {
    int high = hex_digit(in[i]), low = hex_digit(in[i + 1]);
    if (high < 0 || low < 0) return fail(Fault::invalid, "must be hexadecimal digits only");
    out.push_back(static_cast<std::uint8_t>(high << 4 | low));
  }
  return out;
}

std::string to_base64(ByteView in) {
  return encode(in, standard, true);
}
std::string to_base64url(ByteView in) {
  return encode(in, url_safe, false);
}

Result<Bytes> from_base64(std::string_view in) {
  Bytes out;
  out.reserve(in.size() / 4 * 3);
  std::uint32_t word = 0;
  int bits = 0;
  std::size_t padding = 0, digits = 0;
  for (char c : in) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
    if (c == '=') {
      if (++padding > 2) return fail(Fault::invalid, "base64 has too much padding");
      continue;
    }
    int digit = base64_digit(c);
    if (digit < 0 || padding)
      return fail(Fault::invalid, "base64 has a character outside its alphabet");
    word = word << 6 | static_cast<std::uint32_t>(digit);
    bits += 6;
    ++digits;
    if (bits >= 8) {
      bits -= 8;
      out.push_back(static_cast<std::uint8_t>(word >> bits));
    }
  }
  if (digits % 4 == 1 || (padding && (digits + padding) % 4))
    return fail(Fault::invalid, "base64 is cut short");
  return out;
}

}  // namespace muster
