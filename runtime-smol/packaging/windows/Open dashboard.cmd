@echo off
rem Opens the dashboard of the running server in the browser, logged in.
cd /d "%~dp0"
chcp 65001 >nul
for /f "usebackq tokens=*" %%l in (`mmcos.exe admin-link`) do (
    start "" "%%l"
    exit /b 0
)
pause
