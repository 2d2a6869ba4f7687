# The C library for this machine: static and shared, installed with a CMake package (targets
# modelspider::modelspider and modelspider::modelspider_static) and a pkg-config file.
include(CMakePackageConfigHelpers)

set_target_properties(modelspider_objects PROPERTIES
  POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)

add_library(modelspider SHARED)
add_library(modelspider_static STATIC)
foreach(library modelspider modelspider_static)
  target_link_libraries(${library} PRIVATE $<BUILD_INTERFACE:modelspider_objects> m)
  target_include_directories(${library} INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  add_library(modelspider::${library} ALIAS ${library})
endforeach()
set_target_properties(modelspider PROPERTIES
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
set_target_properties(modelspider_static PROPERTIES OUTPUT_NAME modelspider)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/modelspider)
install(TARGETS modelspider modelspider_static EXPORT modelspider)
install(EXPORT modelspider DESTINATION ${package_dir}
  NAMESPACE modelspider:: FILE modelspider-config.cmake)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/modelspider-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/modelspider-config-version.cmake DESTINATION ${package_dir})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/modelspider TYPE INCLUDE)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE TYPE DOC)
install(FILES ${MODELSPIDER_CJSON_DIR}/LICENSE TYPE DOC RENAME LICENSE.cJSON)

# The file finds its prefix from where it lies, so that an installed tree can be moved.
file(RELATIVE_PATH MODELSPIDER_PC_PREFIX
  /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(${CMAKE_CURRENT_LIST_DIR}/modelspider.pc.in
  ${PROJECT_BINARY_DIR}/modelspider.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/modelspider.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
