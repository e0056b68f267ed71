# Runs one script with every command of the vendor declared by the checker: each call goes to it and its answer comes
# back. tclsh harness.tcl SCRIPT CHANNEL_UP CHANNEL_DOWN COMMAND...
set ::vendor_commands [lassign $argv ::vendor_script ::vendor_up_path ::vendor_down_path]
set ::vendor_up [open $::vendor_up_path w]
set ::vendor_down [open $::vendor_down_path r]
fconfigure $::vendor_up -buffering line -encoding ascii
fconfigure $::vendor_down -buffering line -encoding ascii

proc ::vendor_hex {text} { return [binary encode hex [encoding convertto utf-8 $text]] }

# An argument goes over as it is and as the list that it may be.
proc ::vendor_call {name args} {
  set line $name
  foreach argument $args {
    set elements {}
    if {[string is list $argument]} { set elements [lmap element $argument { ::vendor_hex $element }] }
    append line " [::vendor_hex $argument]:[join $elements ,]"
  }
  puts $::vendor_up $line
  set answer [split [gets $::vendor_down] " "]
  set text [encoding convertfrom utf-8 [binary decode hex [lindex $answer 1]]]
  if {[lindex $answer 0] eq "error"} { return -code error -errorcode VENDOR $text }
  return $text
}

foreach ::vendor_name $::vendor_commands { interp alias {} $::vendor_name {} ::vendor_call $::vendor_name }
rename exit ::vendor_exit
proc exit {{code 0}} { return -level [info level] -code [expr {$code ? "error" : "return"}] "exit $code" }
rename exec ::vendor_exec

set argv0 $::vendor_script
set argv {}
set argc 0
if {[catch { uplevel #0 [list source $::vendor_script] } ::vendor_message ::vendor_options]} {
  set where $::vendor_script:0
  if {[regexp {\(file "([^"]*)" line (\d+)\)} [dict get $::vendor_options -errorinfo] -> file line]} { set where $file:$line }
  puts stderr "$where: [string map [list \n { }] $::vendor_message]"
  ::vendor_exit 1
}
::vendor_exit 0
