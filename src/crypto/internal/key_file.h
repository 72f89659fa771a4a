// crypto/internal/key_file -- secrets in files: read with care, written so that a crash leaves
// either nothing or all of it. Any thread.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace muster::crypto {

// Text that is overwritten when it goes.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(Secret&&) = default;
  Secret& operator=(Secret&&) = delete;
  ~Secret();
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// missing if there is no such file; forbidden if everybody on the machine may read it.
Result<Secret> read_key_file(const std::filesystem::path&);

// 0600, durable before it returns. False when a file was there already, which then stays.
Result<bool> write_new_key_file(const std::filesystem::path&, std::string_view text);

}  // namespace muster::crypto
