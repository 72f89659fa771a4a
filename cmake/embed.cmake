# embed(<module> <folder> <table>): the files below the folder become read-only data of the module, found through <table>.
# .incbin rather than byte arrays: ten megabytes take a moment instead of a quarter of a minute and a gigabyte.
function(embed module folder table)
  if(NOT TARGET ${module})
    return()
  endif()
  set(out ${PROJECT_BINARY_DIR}/embed/${table}.S)
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/embed)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${folder}/*)
  add_custom_command(OUTPUT ${out} DEPENDS ${files} ${PROJECT_SOURCE_DIR}/tools/embed
                     COMMAND ${PROJECT_SOURCE_DIR}/tools/embed ${folder} ${out} ${table} VERBATIM)
  set_source_files_properties(${out} PROPERTIES OBJECT_DEPENDS "${files}")
  target_sources(${module} PRIVATE ${out})
endfunction()
