// base/test_process -- a program of others, started for a test: what it prints goes nowhere.
//
// For tests only. One thread; reads no clock.
#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <string>
#include <vector>

#include "base/result.h"

extern char** environ;

namespace muster {

inline pid_t start_quietly(std::vector<std::string>& words) {
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
  pid_t process = 0;
  const bool began =
      ::posix_spawnp(&process, arguments[0], &quiet, nullptr, arguments.data(), environ) == 0;
  posix_spawn_file_actions_destroy(&quiet);
  if (!began) give_up({Fault::unavailable, words[0] + " cannot be started; is it installed?", ""});
  return process;
}

inline int exit_code_of(pid_t process) {  // -1: it was ended by a signal
  int status = 0;
  if (::waitpid(process, &status, 0) != process) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace muster
