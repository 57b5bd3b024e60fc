package main

import (
	"os"

	"golang.org/x/sys/windows"
)

// enableEscapes has the console take escape sequences for what they are, and
// says whether it does. It prints them before Windows 10.
func enableEscapes(file *os.File) bool {
	handle := windows.Handle(file.Fd())
	var mode uint32
	if err := windows.GetConsoleMode(handle, &mode); err != nil {
		return false
	}
	return windows.SetConsoleMode(handle, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
