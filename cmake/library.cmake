# The C library for this machine: static and shared, with CMake config and pkg-config files.

set_target_properties(modelspider_objects PROPERTIES
  POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)

add_library(modelspider STATIC)
add_library(modelspider_shared SHARED)
foreach(library modelspider modelspider_shared)
  target_link_libraries(${library} PRIVATE modelspider_objects m)
  target_include_directories(${library} INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>)
endforeach()
set_target_properties(modelspider_shared PROPERTIES
  OUTPUT_NAME modelspider VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
