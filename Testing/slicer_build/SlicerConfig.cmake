# A stand-in for the build system of 3D Slicer: `cmake --install` then puts the extension's files where Slicer's own
# packaging puts them. It knows the arguments of Slicer's and CTK's macros and no others, and wants every file to exist.
set(Slicer_USE_FILE ${CMAKE_CURRENT_LIST_DIR}/Nothing.cmake)
set(Slicer_EXTENSION_GENERATE_CONFIG ${CMAKE_CURRENT_LIST_DIR}/Nothing.cmake)
set(Slicer_EXTENSION_CPACK ${CMAKE_CURRENT_LIST_DIR}/Metadata.cmake)
set(Slicer_QTSCRIPTEDMODULES_LIB_DIR lib/Slicer-5.10/qt-scripted-modules)
set(Slicer_INSTALL_QTSCRIPTEDMODULES_LIB_DIR ${Slicer_QTSCRIPTEDMODULES_LIB_DIR})

function(ctkMacroCompilePythonScript)
  cmake_parse_arguments(MY "NO_INSTALL_SUBDIR" "TARGET_NAME;SOURCE_DIR;DESTINATION_DIR;INSTALL_DIR" "SCRIPTS;RESOURCES" ${ARGN})
  if(MY_UNPARSED_ARGUMENTS OR NOT MY_NO_INSTALL_SUBDIR OR NOT MY_SCRIPTS OR NOT MY_TARGET_NAME OR NOT MY_INSTALL_DIR)
    message(FATAL_ERROR "ctkMacroCompilePythonScript: arguments are missing or unknown: ${MY_UNPARSED_ARGUMENTS}")
  endif()
  add_custom_target(${MY_TARGET_NAME})
  foreach(file IN LISTS MY_SCRIPTS MY_RESOURCES)
    get_filename_component(folder ${file} DIRECTORY)
    if(NOT EXISTS ${MY_SOURCE_DIR}/${file} OR IS_ABSOLUTE ${file} OR file MATCHES "\\.\\.")
      message(FATAL_ERROR "${file} does not exist below ${MY_SOURCE_DIR}")
    endif()
    install(FILES ${MY_SOURCE_DIR}/${file} DESTINATION ${MY_INSTALL_DIR}/${folder})
  endforeach()
  install(DIRECTORY ${MY_DESTINATION_DIR}/ DESTINATION ${MY_INSTALL_DIR})
endfunction()

function(slicerMacroBuildScriptedModule)
  cmake_parse_arguments(MY "WITH_GENERIC_TESTS" "NAME" "SCRIPTS;RESOURCES" ${ARGN})
  ctkMacroCompilePythonScript(
    TARGET_NAME ${MY_NAME} SCRIPTS ${MY_SCRIPTS} RESOURCES ${MY_RESOURCES} SOURCE_DIR ${CMAKE_CURRENT_SOURCE_DIR}
    DESTINATION_DIR ${CMAKE_BINARY_DIR}/${Slicer_QTSCRIPTEDMODULES_LIB_DIR}
    INSTALL_DIR ${Slicer_INSTALL_QTSCRIPTEDMODULES_LIB_DIR} NO_INSTALL_SUBDIR ${MY_UNPARSED_ARGUMENTS})
endfunction()

function(slicer_add_python_unittest)
  cmake_parse_arguments(MY "" "SCRIPT" "" ${ARGN})
  if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${MY_SCRIPT})
    message(FATAL_ERROR "${MY_SCRIPT} does not exist")
  endif()
endfunction()
