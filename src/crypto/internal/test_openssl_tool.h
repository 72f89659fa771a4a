// crypto/internal/test_openssl_tool -- for tests only: a temporary folder, and the openssl command
// run in it, so that someone else's code judges what ours wrote. The test's thread.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace muster::crypto {

class OpensslTool {
 public:
  OpensslTool() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "muster-crypto-XXXXXX").string();
    if (!mkdtemp(pattern.data())) std::abort();
    folder_ = pattern;
  }
  ~OpensslTool() { std::filesystem::remove_all(folder_); }
  OpensslTool(const OpensslTool&) = delete;
  OpensslTool& operator=(const OpensslTool&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path path(const std::string& name) const { return folder_ / name; }

  void put(const std::string& name, std::string_view content) const {
    std::ofstream(path(name), std::ios::binary) << content;
  }
  void put(const std::string& name, ByteView content) const { put(name, text_of(content)); }
  std::string get(const std::string& name) const {
    std::ostringstream out;
    out << std::ifstream(path(name), std::ios::binary).rdbuf();
    return out.str();
  }
  Bytes get_bytes(const std::string& name) const {
    const std::string text = get(name);
    return Bytes(text.begin(), text.end());
  }

  // True when it exits with 0; what it printed is in output().
  bool run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "openssl");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const pid_t child = fork();
    if (child == 0) exec_in_folder(argv.data());
    int status = -1;
    waitpid(child, &status, 0);
    output_ = get("output");
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  const std::string& output() const { return output_; }

 private:
  [[noreturn]] void exec_in_folder(char** argv) const {
    const int out = chdir(folder_.c_str()) == 0
                        ? open("output", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)
                        : -1;
    if (out >= 0 && dup2(out, 1) >= 0 && dup2(out, 2) >= 0) execvp(argv[0], argv);
    _exit(127);
  }

  std::filesystem::path folder_;
  std::string output_;
};

}  // namespace muster::crypto
