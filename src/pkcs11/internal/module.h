// pkcs11/internal/module -- the libraries that speak for tokens, initialised while this is held,
// and the one token of theirs that a URI means.
//
// One thread.
#pragma once

#include <vector>

#include "pkcs11/internal/p11_kit.h"
#include "pkcs11/uri.h"

namespace muster::pkcs11 {

struct Slot {
  CK_FUNCTION_LIST* calls = nullptr;
  CK_SLOT_ID number = 0;
  CK_TOKEN_INFO token = {};
};

class Modules {
 public:
  static Result<Modules> load(const Uri&);
  Modules(Modules&&) noexcept;
  Modules& operator=(Modules&&) noexcept;
  ~Modules();

  Result<Slot> find(const Uri&) const;  // exactly one, or a sentence that says which there are

 private:
  Modules() = default;
  void release();
  std::vector<CK_FUNCTION_LIST*> lists_;
  CK_FUNCTION_LIST** all_ =
      nullptr;  // as p11-kit gave them; none: lists_ has the one that was named
};

std::string trimmed(const unsigned char* text, std::size_t size);  // without PKCS#11's padding

}  // namespace muster::pkcs11
