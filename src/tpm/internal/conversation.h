// tpm/internal/conversation -- one opening of the TPM: its ESYS context, and what is loaded in the
// course of it, which is flushed when it ends.
//
// Lives inside one call of Device. One thread.
#pragma once

#include <tss2/tss2_esys.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/tpm.h"

namespace muster::tpm {

struct EsysFree {
  void operator()(void* p) const { Esys_Free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, EsysFree>;

struct EsysEnd {
  void operator()(ESYS_CONTEXT*) const;
};
using Context = std::unique_ptr<ESYS_CONTEXT, EsysEnd>;

// A transient object or a session.
class Loaded {
 public:
  Loaded(ESYS_CONTEXT* esys, ESYS_TR object) : esys_(esys), object_(object) {}
  Loaded(Loaded&& other) noexcept
      : esys_(other.esys_), object_(std::exchange(other.object_, ESYS_TR_NONE)) {}
  Loaded& operator=(Loaded&&) = delete;
  ~Loaded() {
    if (object_ != ESYS_TR_NONE) Esys_FlushContext(esys_, object_);
  }
  ESYS_TR object() const { return object_; }

 private:
  ESYS_CONTEXT* esys_;
  ESYS_TR object_;
};

class Conversation {
 public:
  static Result<Conversation> open(const std::string& tcti);
  ESYS_CONTEXT* esys() const { return context_.get(); }

  Result<bool> is_tpm2() const;
  Result<bool> has(TPM2_HANDLE) const;  // a persistent object, or an NV index
  Result<ESYS_TR> object(TPM2_HANDLE, const char* what) const;
  Result<Bytes> area(ESYS_TR) const;  // TPM2B_PUBLIC
  Result<Bytes> read_nv(TPM2_HANDLE) const;
  Result<Loaded> create_primary(ESYS_TR hierarchy, const TPM2B_PUBLIC&) const;
  Result<void> keep(ESYS_TR loaded, TPM2_HANDLE) const;
  Result<void> evict(TPM2_HANDLE) const;  // harmless if it is not there
  Result<Bytes> activate(TPM2_HANDLE endorsement_key, TPM2_HANDLE attestation_key,
                         const crypto::tpm::Challenge&) const;

 private:
  explicit Conversation(Context context) : context_(std::move(context)) {}
  Result<Loaded> endorsement_session() const;
  Context context_;
};

// The TPM's or the library's reason, in words.
std::unexpected<Error> failed(TSS2_RC, const char* what);

template <class Sized>
Result<Sized> sized(ByteView from, const char* what) {
  Sized out{};
  if (from.size() > sizeof out.buffer)
    return fail(Fault::invalid, std::string(what) + " is too long for this TPM");
  out.size = static_cast<UINT16>(from.size());
  std::copy(from.begin(), from.end(), out.buffer);
  return out;
}

}  // namespace muster::tpm
