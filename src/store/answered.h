// store/answered -- where a failing file becomes an answer, for questions that may be refused
// because of it. Whoever is in the midst of a decision does not use it: Broken must end the batch.
//
// Pure; the thread is that of the store.
#pragma once

#include "store/store.h"

namespace muster::store {

// What `work` returns, a Result; or a failure with Broken's words.
template <class Work>
auto answered(Fault fault, Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const Broken& broken) {
    return fail(fault, broken.what());
  }
}

}  // namespace muster::store
