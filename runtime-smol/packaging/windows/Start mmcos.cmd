@echo off
rem Starts the server. The window stays open if it fails, so that the reason can be read. Ctrl-C stops the server.
cd /d "%~dp0"
chcp 65001 >nul
title mmcos
mmcos.exe %*
if errorlevel 1 pause
