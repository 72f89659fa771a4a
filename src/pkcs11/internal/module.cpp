#include "pkcs11/internal/module.h"

#include <cstring>
#include <utility>

namespace muster::pkcs11 {
namespace {

constexpr CK_ULONG slots_max = 1024;

std::string last_words() {
  const char* said = p11_kit_message();
  return said ? std::string(": ") + said : std::string();
}

std::string name_of(const Slot& slot) {
  return '"' + trimmed(slot.token.label, sizeof slot.token.label) + "\" (serial " +
         trimmed(slot.token.serialNumber, sizeof slot.token.serialNumber) + ')';
}

std::string names_of(const std::vector<Slot>& slots) {
  std::string out;
  for (const Slot& each : slots) out += (out.empty() ? "" : ", ") + name_of(each);
  return out.empty() ? "none" : out;
}

void add_slots(CK_FUNCTION_LIST* calls, std::vector<Slot>& out) {
  CK_ULONG count = 0;
  if (calls->C_GetSlotList(CK_TRUE, nullptr, &count) != CKR_OK || count > slots_max) return;
  std::vector<CK_SLOT_ID> numbers(count);
  if (count == 0 || calls->C_GetSlotList(CK_TRUE, numbers.data(), &count) != CKR_OK) return;
  numbers.resize(count);
  for (const CK_SLOT_ID number : numbers) {
    Slot slot{.calls = calls, .number = number};
    if (calls->C_GetTokenInfo(number, &slot.token) == CKR_OK &&
        (slot.token.flags & CKF_TOKEN_INITIALIZED) != 0)
      out.push_back(slot);
  }
}

}  // namespace

std::string trimmed(const unsigned char* text, std::size_t size) {
  while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == 0)) --size;
  return {reinterpret_cast<const char*>(text), size};
}

Modules::Modules(Modules&& other) noexcept
    : lists_(std::move(other.lists_)), all_(std::exchange(other.all_, nullptr)) {
  other.lists_.clear();
}

Modules& Modules::operator=(Modules&& other) noexcept {
  std::swap(lists_, other.lists_);
  std::swap(all_, other.all_);
  return *this;
}

Modules::~Modules() {
  release();
}

void Modules::release() {
  if (all_) {
    p11_kit_modules_finalize_and_release(all_);
  } else if (!lists_.empty()) {
    p11_kit_module_finalize(lists_.front());
    p11_kit_module_release(lists_.front());
  }
}

Result<Modules> Modules::load(const Uri& uri) {
  p11_kit_be_quiet();  // it tells us, and we tell
  Modules out;
  if (!uri.module_path.empty()) {
    CK_FUNCTION_LIST* const one = p11_kit_module_load(uri.module_path.c_str(), 0);
    if (!one)
      return fail(Fault::missing, "the PKCS#11 module " + uri.module_path + " cannot be loaded" +
                                      last_words() + "; is its package installed?");
    if (const CK_RV code = p11_kit_module_initialize(one); code != CKR_OK) {
      p11_kit_module_release(one);
      return fail(Fault::unavailable, "the PKCS#11 module " + uri.module_path +
                                          " does not start: " + p11_kit_strerror(code));
    }
    out.lists_.push_back(one);
    return out;
  }
  out.all_ = p11_kit_modules_load_and_initialize(0);
  if (!out.all_)
    return fail(Fault::unavailable, "this machine's PKCS#11 modules cannot be loaded" +
                                        last_words() + "; name one by module-path=");
  for (CK_FUNCTION_LIST** each = out.all_; *each; ++each) out.lists_.push_back(*each);
  if (uri.module_name.empty()) return out;
  CK_FUNCTION_LIST* const named = p11_kit_module_for_name(out.all_, uri.module_name.c_str());
  if (!named)
    return fail(Fault::missing, "no PKCS#11 module called " + uri.module_name +
                                    " is configured on this machine; p11-kit list-modules lists "
                                    "them, or name a file by module-path=");
  out.lists_ = {named};
  return out;
}

Result<Slot> Modules::find(const Uri& uri) const {
  TRY(const auto wanted, parsed(uri.text));
  const CK_SLOT_ID number = p11_kit_uri_get_slot_id(wanted.get());
  std::vector<Slot> all, fit;
  for (CK_FUNCTION_LIST* calls : lists_) add_slots(calls, all);
  for (const Slot& each : all)
    if (p11_kit_uri_match_token_info(wanted.get(), &each.token) == 1 &&
        (number == static_cast<CK_SLOT_ID>(-1) || number == each.number))
      fit.push_back(each);
  if (fit.size() == 1) return fit.front();
  if (fit.empty())
    return fail(Fault::missing, "no token is what " + uri.name + " asks for; there are: " +
                                    names_of(all) + ". Is it plugged in?");
  return fail(Fault::conflict, "several tokens are what " + uri.name + " asks for: " +
                                   names_of(fit) + "; name one by token= or serial=");
}

}  // namespace muster::pkcs11
