// pkcs11/internal/session -- one logged-in conversation with a token.
//
// Begun anew by whoever holds it when it is gone(). One thread.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "pkcs11/internal/module.h"

namespace muster::pkcs11 {

using Object = CK_OBJECT_HANDLE;

// The token, or its module's memory of it, is not what it was: to begin anew may help.
bool gone(CK_RV);

class Session {
 public:
  static Result<std::unique_ptr<Session>> begin(const Uri&);
  Session(const Session&) = delete;
  ~Session();

  const std::string& name() const { return name_; }  // of the token, for messages
  CK_RV last() const { return last_; }               // what the last refused call answered

  void doubt() { last_ = CKR_DEVICE_REMOVED; }  // what must be there is not: to begin anew may help

  // At most two, which is one too many for most who ask.
  Result<std::vector<Object>> find(CK_OBJECT_CLASS, const std::string& label, const Bytes& id,
                                   std::size_t limit = 2);
  Result<Bytes> attribute(Object, CK_ATTRIBUTE_TYPE);  // empty: it has none, or does not show it
  Result<Bytes> sign(Object, CK_MECHANISM_TYPE, ByteView);
  Result<void> make_pair(CK_MECHANISM_TYPE, Bytes parameters, std::string label, Bytes id);
  Result<void> destroy(Object);

 private:
  Session(Modules modules, Slot slot);
  Result<void> log_in(const Uri&);
  std::unexpected<Error> refused(const std::string& what, CK_RV);

  Modules modules_;
  CK_FUNCTION_LIST* calls_;
  CK_TOKEN_INFO token_;
  std::string name_;
  std::optional<CK_SESSION_HANDLE> handle_;
  CK_RV last_ = CKR_OK;
};

}  // namespace muster::pkcs11
