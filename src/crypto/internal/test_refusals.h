// crypto/internal/test_refusals -- for tests only: what a refusal says. The test's thread.
#pragma once

#include <string>

#include "base/result.h"

namespace muster::crypto {

inline bool mentions(const std::string& text, const std::string& word) {
  return text.find(word) != text.npos;
}

// The refusal, whole; "accepted" when there was none.
template <class T>
std::string why(const Result<T>& result) {
  return result ? "accepted" : result.error().message;
}

}  // namespace muster::crypto
