#include "crypto/internal/pem.h"

namespace muster::crypto {

std::string to_pem(std::string_view label, ByteView der) {
  const std::string body = to_base64(der);
  std::string out = "-----BEGIN " + std::string(label) + "-----\n";
  for (std::size_t at = 0; at < body.size(); at += 64) out.append(body, at, 64) += '\n';
  return out + "-----END " + std::string(label) + "-----\n";
}

Result<std::vector<Bytes>> from_pem(std::string_view text, std::string_view label,
                                    std::size_t count_max) {
  const std::string name(label);
  const std::string begin = "-----BEGIN " + name + "-----", end = "-----END " + name + "-----";
  std::vector<Bytes> out;
  for (std::size_t at = text.find(begin); at != text.npos; at = text.find(begin, at)) {
    at += begin.size();
    const std::size_t stop = text.find(end, at);
    if (stop == text.npos) return fail(Fault::invalid, "PEM: a " + name + " has no END line");
    if (out.size() == count_max)
      return fail(Fault::invalid,
                  "PEM: more than " + std::to_string(count_max) + " of " + name + " in one text");
    auto der = from_base64(text.substr(at, stop - at));
    if (!der) return fail(Fault::invalid, "PEM: in a " + name + ": " + der.error().message);
    out.push_back(std::move(*der));
    at = stop + end.size();
  }
  if (out.empty()) return fail(Fault::invalid, "PEM: no \"" + begin + "\" in the text");
  return out;
}

}  // namespace muster::crypto
