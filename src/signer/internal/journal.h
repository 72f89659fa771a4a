// journal -- the steps of a rollover with the keys it made, in one file that only grows and is
// readable by its owner alone.
//
// It is opened before the sandbox closes and written inside it: append() returns once the step is
// on the disk. What a cut left unfinished at the end was never answered, and is cut off; any other
// damage refuses to open. One thread.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "signer/internal/journal_record.h"

namespace muster::signer {

class Journal {
 public:
  static Result<Journal> open(const std::filesystem::path&);
  // In its place one that holds only this.
  static Result<void> replace(const std::filesystem::path&, const Entry&);

  std::vector<Entry> take_entries() { return std::move(entries_); }  // read at open, once
  Result<void> append(const Entry&);

 private:
  Journal(std::filesystem::path path, Descriptor file)
      : path_(std::move(path)), file_(std::move(file)) {}
  std::filesystem::path path_;
  Descriptor file_;
  std::vector<Entry> entries_;
  std::uint64_t octets_ = 0;
  bool broken_ = false;
};

}  // namespace muster::signer
