// net/task -- coroutines for the clients' side: a Task<T> runs when awaited and belongs to who
// awaits it.
//
// Rules (clang only, docs/adr/0001-compiler.md): parameters by value; coroutine lambdas capture
// nothing; every task is awaited or belongs to a Scope, which joins it; an exception is a bug and
// ends the program with its message.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "base/result.h"
#include "net/loop.h"

namespace muster::net {
// Implemented by the net author: Task<T> (lazy, symmetric transfer), Scope (spawn, join),
// sleep(Loop&, Duration), Event (one-shot, resumed on the loop), run(Loop&, Task<T>) for programs.
template <class T>
class Task;
}  // namespace muster::net
