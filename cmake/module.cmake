# module(<name> [NEEDS <module>...] [WRAPS <external target>...])
#
# NEEDS  modules whose headers this one may include; each is declared before it.
# WRAPS  external libraries it hides; nobody else includes their headers.
#
# Headers sit beside their sources but are reachable only through view/<name>/,
# so #include "identity/identity.h" compiles only where identity is needed.
#
# Shadows: *_test.cpp make one test binary per module; each *_fuzz.cpp makes a fuzzer (preset fuzz) and,
# everywhere else, a test that replays tests/corpus/<module>_<stem>/; *_bench.cpp make one bench binary.
function(module name)
  cmake_parse_arguments(PARSE_ARGV 1 M "" "" "NEEDS;WRAPS")
  if(MUSTER_ONLY AND NOT name IN_LIST MUSTER_ONLY)
    return()
  endif()
  foreach(need IN LISTS M_NEEDS)
    if(NOT TARGET ${need})
      message(FATAL_ERROR "${name} NEEDS ${need}, which is not declared before it")
    endif()
  endforeach()

  set(here ${CMAKE_CURRENT_SOURCE_DIR}/${name})
  set(view ${PROJECT_BINARY_DIR}/view/${name})
  file(MAKE_DIRECTORY ${view})
  file(CREATE_LINK ${here} ${view}/${name} SYMBOLIC)

  file(GLOB headers CONFIGURE_DEPENDS ${view}/${name}/*.h)
  file(GLOB tests   CONFIGURE_DEPENDS ${here}/*_test.cpp)
  file(GLOB fuzzers CONFIGURE_DEPENDS ${here}/*_fuzz.cpp)
  file(GLOB benches CONFIGURE_DEPENDS ${here}/*_bench.cpp)
  file(GLOB sources CONFIGURE_DEPENDS ${here}/*.cpp ${here}/internal/*.cpp)
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz|bench)\\.cpp$")

  add_library(${name} STATIC ${sources})
  target_sources(${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${view} FILES ${headers})
  set_target_properties(${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON LINKER_LANGUAGE CXX)
  target_link_libraries(${name} PUBLIC ${M_NEEDS} PRIVATE ${M_WRAPS} house)

  if(tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE ${name} ${M_WRAPS} house catch_main test_code)
    add_test(NAME ${name} COMMAND ${name}_test)
    add_dependencies(tests ${name}_test)
  endif()

  foreach(fuzzer IN LISTS fuzzers)
    get_filename_component(stem ${fuzzer} NAME_WE)
    string(REGEX REPLACE "_fuzz$" "" stem ${stem})
    set(target ${name}_${stem}_fuzz)
    set(corpus ${PROJECT_SOURCE_DIR}/tests/corpus/${name}_${stem})
    add_executable(${target} ${fuzzer})
    target_link_libraries(${target} PRIVATE ${name} house)
    if(MUSTER_FUZZ)
      target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    else()
      target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests/corpus/replay.cpp)
      add_test(NAME ${target} COMMAND ${target} ${corpus})
      add_dependencies(tests ${target})
    endif()
  endforeach()

  if(benches)
    add_executable(${name}_bench ${benches})
    target_link_libraries(${name}_bench PRIVATE ${name} ${M_WRAPS} house benchmark::benchmark_main)
  endif()
endfunction()
