// base/file -- whole files, read with a bound and written whole or not at all.
//
// What is read may be a pipe; a folder, a device without end and what is larger than it may be are
// refused with the path and the reason. Blocks. Any thread.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace muster {

// invalid, with a sentence that names the path, when it cannot be read or has more octets than max.
Result<std::string> read_file(const std::filesystem::path&, std::uint64_t max);

// The same in pieces of at most 1 MiB; the octets read in all.
Result<std::uint64_t> read_file(const std::filesystem::path&, std::uint64_t max,
                                const std::function<void(ByteView)>& piece);

// A draft beside it (path + ".new"), fsync, rename, fsync of the folder: after a failure, told of
// as unavailable, what was there before is still there. Only a regular file is replaced; a link is
// replaced itself, not what it names.
Result<void> write_file(const std::filesystem::path&, std::string_view text, unsigned mode = 0644);

// What was made, renamed or removed in it is so after a power cut too; or unavailable. Empty: the
// working folder.
Result<void> sync_folder(const std::filesystem::path&);

}  // namespace muster
