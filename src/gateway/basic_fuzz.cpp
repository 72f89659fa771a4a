#include <cstdlib>

#include "base/bytes.h"
#include "gateway/internal/basic.h"

using namespace muster;

// A user has no colon, and credentials that are read and spelled again are the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto found = gateway::credentials_of(text_of({data, size}));
  if (!found) return 0;
  if (size > 512 || found->user.find(':') != std::string::npos) std::abort();
  const std::string text = found->user + ':' + found->password;
  const std::string header = "Basic " + to_base64(bytes_of(text));
  if (header.size() > 512) return 0;  // it came without its padding
  const auto again = gateway::credentials_of(header);
  if (!again || again->user != found->user || again->password != found->password) std::abort();
  return 0;
}
