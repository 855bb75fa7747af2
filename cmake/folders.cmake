# Each folder is two targets, lockstep_<folder>_decision (links core only) and lockstep_<folder>, so
# that an include against the arrows of the README does not link (and the tidy test reads every
# #include). Files are found by pattern: adding one needs no change here.

function(lockstep_library name)
    cmake_parse_arguments(arg "" "" "FOLDERS;EXCEPT;LINKS" ${ARGN})
    set(sources "")
    foreach(folder IN LISTS arg_FOLDERS)
        file(GLOB found CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.cpp)
        list(APPEND sources ${found})
    endforeach()
    foreach(file IN LISTS arg_EXCEPT)
        list(REMOVE_ITEM sources ${PROJECT_SOURCE_DIR}/${file})
    endforeach()
    if(NOT sources)
        add_library(${name} INTERFACE)
        target_link_libraries(${name} INTERFACE ${arg_LINKS})
        return()
    endif()
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC ${arg_LINKS} PRIVATE lockstep_warnings)
endfunction()

# Precompiled headers are made once, with the platform's flags.
function(lockstep_precompiled name)
    if(TARGET ${name} AND LOCKSTEP_PCH)
        get_target_property(type ${name} TYPE)
        if(NOT type STREQUAL "INTERFACE_LIBRARY")
            target_precompile_headers(${name} REUSE_FROM lockstep_platform)
        endif()
    endif()
endfunction()
