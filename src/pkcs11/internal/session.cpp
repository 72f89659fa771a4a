#include "pkcs11/internal/session.h"

#include "pkcs11/internal/pin.h"

namespace muster::pkcs11 {
namespace {

constexpr CK_ULONG attribute_octets_max = 4096, signature_octets_max = 512;

Fault fault_of(CK_RV code) {
  switch (code) {
    case CKR_PIN_INCORRECT:
    case CKR_PIN_LEN_RANGE:
    case CKR_PIN_INVALID:
    case CKR_USER_NOT_LOGGED_IN:
      return Fault::unauthorized;
    case CKR_PIN_LOCKED:
    case CKR_PIN_EXPIRED:
    case CKR_TOKEN_WRITE_PROTECTED:
    case CKR_SESSION_READ_ONLY:
    case CKR_KEY_FUNCTION_NOT_PERMITTED:
      return Fault::forbidden;
    case CKR_MECHANISM_INVALID:
    case CKR_MECHANISM_PARAM_INVALID:
    case CKR_DOMAIN_PARAMS_INVALID:
    case CKR_TEMPLATE_INCONSISTENT:
      return Fault::invalid;
    default:
      return Fault::unavailable;
  }
}

struct Template {
  std::vector<CK_ATTRIBUTE> attributes;
  template <class T>
  void add(CK_ATTRIBUTE_TYPE type, T& value) {
    attributes.push_back({type, &value, sizeof value});
  }
  void add_octets(CK_ATTRIBUTE_TYPE type, const void* octets, std::size_t size) {
    if (size > 0) attributes.push_back({type, const_cast<void*>(octets), size});
  }
  CK_ULONG size() const { return attributes.size(); }
};

}  // namespace

bool gone(CK_RV code) {
  switch (code) {
    case CKR_CRYPTOKI_NOT_INITIALIZED:
    case CKR_DEVICE_ERROR:
    case CKR_DEVICE_REMOVED:
    case CKR_GENERAL_ERROR:
    case CKR_KEY_HANDLE_INVALID:
    case CKR_OBJECT_HANDLE_INVALID:
    case CKR_OPERATION_ACTIVE:
    case CKR_SESSION_CLOSED:
    case CKR_SESSION_HANDLE_INVALID:
    case CKR_SLOT_ID_INVALID:
    case CKR_TOKEN_NOT_PRESENT:
    case CKR_TOKEN_NOT_RECOGNIZED:
    case CKR_USER_NOT_LOGGED_IN:
      return true;
    default:
      return false;
  }
}

Session::Session(Modules modules, Slot slot)
    : modules_(std::move(modules)),
      calls_(slot.calls),
      token_(slot.token),
      name_("token \"" + trimmed(slot.token.label, sizeof slot.token.label) + '"') {}

Session::~Session() {
  if (handle_) calls_->C_CloseSession(*handle_);
}

Result<std::unique_ptr<Session>> Session::begin(const Uri& uri) {
  TRY(auto modules, Modules::load(uri));
  TRY(const Slot slot, modules.find(uri));
  std::unique_ptr<Session> out(new Session(std::move(modules), slot));
  CK_SESSION_HANDLE handle = 0;
  CK_FLAGS flags = CKF_SERIAL_SESSION;
  if ((slot.token.flags & CKF_WRITE_PROTECTED) == 0) flags |= CKF_RW_SESSION;
  if (const CK_RV code = out->calls_->C_OpenSession(slot.number, flags, nullptr, nullptr, &handle);
      code != CKR_OK)
    return out->refused("does not open a session", code);
  out->handle_ = handle;
  TRY_VOID(out->log_in(uri));
  return out;
}

Result<void> Session::log_in(const Uri& uri) {
  if ((token_.flags & CKF_LOGIN_REQUIRED) == 0) return {};
  if (token_.flags & CKF_USER_PIN_LOCKED)
    return fail(Fault::forbidden, name_ +
                                      " is locked after too many wrong PINs: unlock it with its "
                                      "security officer's PIN");
  if (token_.flags & CKF_USER_PIN_FINAL_TRY)
    return fail(Fault::forbidden, name_ +
                                      " has one try left for its PIN, which is not taken here: "
                                      "log in by hand once, with the right one");
  const bool pad = (token_.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0;
  if (uri.pin_file.empty() && !pad)
    return fail(Fault::unauthorized,
                name_ +
                    " wants a PIN: name the file that holds it by pin-source=file:/... in the "
                    "URI");
  CK_RV code = CKR_OK;
  if (uri.pin_file.empty()) {
    code = calls_->C_Login(*handle_, CKU_USER, nullptr, 0);
  } else {
    TRY(const Pin pin, Pin::read(uri.pin_file));
    code = calls_->C_Login(*handle_, CKU_USER, const_cast<CK_UTF8CHAR_PTR>(pin.octets().data()),
                           pin.octets().size());
  }
  if (code == CKR_OK || code == CKR_USER_ALREADY_LOGGED_IN) return {};
  if (code == CKR_PIN_INCORRECT || code == CKR_PIN_LEN_RANGE || code == CKR_PIN_INVALID)
    return fail(Fault::unauthorized, name_ + " refuses the PIN in " + uri.pin_file +
                                         ": correct it; tokens lock after a few wrong ones");
  return refused("does not let us log in", code);
}

std::unexpected<Error> Session::refused(const std::string& what, CK_RV code) {
  last_ = code;
  return fail(fault_of(code), name_ + ' ' + what + ": " + p11_kit_strerror(code));
}

Result<std::vector<Object>> Session::find(CK_OBJECT_CLASS kind, const std::string& label,
                                          const Bytes& id, std::size_t limit) {
  Template wanted;
  wanted.add(CKA_CLASS, kind);
  wanted.add_octets(CKA_LABEL, label.data(), label.size());
  wanted.add_octets(CKA_ID, id.data(), id.size());
  if (const CK_RV code =
          calls_->C_FindObjectsInit(*handle_, wanted.attributes.data(), wanted.size());
      code != CKR_OK)
    return refused("does not look for objects", code);
  std::vector<Object> found(limit);
  CK_ULONG count = 0;
  const CK_RV code = calls_->C_FindObjects(*handle_, found.data(), limit, &count);
  calls_->C_FindObjectsFinal(*handle_);
  if (code != CKR_OK) return refused("does not look for objects", code);
  found.resize(std::min<std::size_t>(count, limit));
  return found;
}

Result<Bytes> Session::attribute(Object object, CK_ATTRIBUTE_TYPE type) {
  CK_ATTRIBUTE asked{type, nullptr, 0};
  CK_RV code = calls_->C_GetAttributeValue(*handle_, object, &asked, 1);
  const bool none = code == CKR_ATTRIBUTE_TYPE_INVALID || code == CKR_ATTRIBUTE_SENSITIVE ||
                    asked.ulValueLen == CK_UNAVAILABLE_INFORMATION;
  if (none || (code == CKR_OK && asked.ulValueLen == 0)) return Bytes();
  if (code != CKR_OK) return refused("does not show a key", code);
  if (asked.ulValueLen > attribute_octets_max)
    return fail(Fault::corrupt, name_ + " shows a key with an attribute that is too long");
  Bytes out(asked.ulValueLen);
  asked.pValue = out.data();
  code = calls_->C_GetAttributeValue(*handle_, object, &asked, 1);
  if (code != CKR_OK || asked.ulValueLen > out.size()) return refused("does not show a key", code);
  out.resize(asked.ulValueLen);
  return out;
}

Result<Bytes> Session::sign(Object key, CK_MECHANISM_TYPE how, ByteView what) {
  CK_MECHANISM mechanism{how, nullptr, 0};
  if (const CK_RV code = calls_->C_SignInit(*handle_, &mechanism, key); code != CKR_OK)
    return refused("does not begin to sign", code);
  Bytes out(signature_octets_max);
  CK_ULONG size = out.size();
  const CK_RV code = calls_->C_Sign(*handle_, const_cast<CK_BYTE_PTR>(what.data()), what.size(),
                                    out.data(), &size);
  if (code != CKR_OK || size > out.size()) return refused("does not sign", code);
  out.resize(size);
  return out;
}

Result<void> Session::make_pair(CK_MECHANISM_TYPE how, Bytes parameters, std::string label,
                                Bytes id) {
  CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
  Template open, secret;
  for (Template* each : {&open, &secret}) {
    each->add(CKA_TOKEN, yes);
    each->add_octets(CKA_LABEL, label.data(), label.size());
    each->add_octets(CKA_ID, id.data(), id.size());
  }
  open.add(CKA_PRIVATE, no);
  open.add(CKA_VERIFY, yes);
  open.add_octets(CKA_EC_PARAMS, parameters.data(), parameters.size());
  secret.add(CKA_PRIVATE, yes);
  secret.add(CKA_SENSITIVE, yes);
  secret.add(CKA_EXTRACTABLE, no);
  secret.add(CKA_SIGN, yes);
  CK_MECHANISM mechanism{how, nullptr, 0};
  CK_OBJECT_HANDLE made[2] = {};
  if (const CK_RV code =
          calls_->C_GenerateKeyPair(*handle_, &mechanism, open.attributes.data(), open.size(),
                                    secret.attributes.data(), secret.size(), &made[0], &made[1]);
      code != CKR_OK)
    return refused("does not make a key", code);
  return {};
}

Result<void> Session::destroy(Object object) {
  if (const CK_RV code = calls_->C_DestroyObject(*handle_, object); code != CKR_OK)
    return refused("does not remove a key", code);
  return {};
}

}  // namespace muster::pkcs11
